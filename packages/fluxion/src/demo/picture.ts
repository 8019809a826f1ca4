import { OptionError } from "../core/errors.js";
import type { View } from "./demo.js";

/** What the card of a demo's paper shows: some of its views at some moments, side by side. */
export interface DemoPicture {
  /** What is to be seen, for readers who do not see it. */
  readonly alt: string;
  /** The views, by the beginnings of their titles. Default: the first that is flat and no list of figures. */
  readonly views?: readonly string[];
  /** Steps of the first preset after which the views are taken. Default: its end. */
  readonly at?: readonly number[];
}

/**
 * The views that belong on the picture.
 * @throws OptionError if there is none of such a title
 */
export function picturedViews(picture: DemoPicture | undefined, views: readonly View[]): View[] {
  const titles = picture?.views;
  if (!titles) {
    const first = views.find(({ kind }) => kind !== "figures" && kind !== "scene");
    return first ? [first] : [];
  }
  return titles.map((start) => {
    const view = views.find(({ title }) => title.startsWith(start));
    if (view) return view;
    const got = views.map(({ title }) => `"${title}"`).join(", ");
    throw new OptionError({ where: "picture", want: `a view whose title begins with "${start}"`, got });
  });
}
