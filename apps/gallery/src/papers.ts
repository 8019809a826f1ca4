import found, { pages as loaders, sources as texts } from "virtual:papers";
import type { PaperEntry, PaperPage } from "../content/types.js";

/** All papers, in the registry's order. */
export const entries = found as readonly PaperEntry[];

/** Loaders of the pages of those that are done, by id. */
export const pages = loaders as Readonly<Record<string, () => Promise<{ readonly default: PaperPage }>>>;

/** Loaders of the library's sources, by first folder: text of every file below it. */
export const sources = texts as Readonly<
  Record<string, () => Promise<{ readonly default: Readonly<Record<string, string>> }>>
>;

const files = import.meta.glob<string>("../../../papers/*/picture-*.webp", {
  query: "?url",
  import: "default",
  eager: true,
});

/** Address of the picture of a paper's card, if there is one. */
export const pictureAddress = (id: string, theme: "light" | "dark"): string | undefined =>
  files[`../../../papers/${id}/picture-${theme}.webp`];
