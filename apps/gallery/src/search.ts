import MiniSearch from "minisearch";
import { entries } from "./papers.js";

const index = new MiniSearch({
  fields: ["title", "name", "concepts", "summary", "authors", "words", "id"],
  extractField: (paper, field) => {
    const value = (paper as Record<string, unknown>)[field];
    return Array.isArray(value) ? value.join(" ") : ((value as string | undefined) ?? "");
  },
  searchOptions: {
    boost: { title: 4, name: 4, concepts: 3, summary: 2 },
    prefix: true,
    // About one mistake in five letters.
    fuzzy: 0.2,
    combineWith: "AND",
  },
});
index.addAll(entries);

/** Ids that match, best first. */
export const search = (query: string): string[] => index.search(query).map(({ id }) => id as string);
