// What the pages are made of: gathered in Node when the site is built, plain data in the browser.
import type { Control, Preset, Watch } from "fluxion/demo";
import type { Field } from "fluxion/papers";

/** A paper as the index shows it. */
export interface PaperEntry {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly authors: string;
  readonly year: number;
  readonly venue: string | undefined;
  readonly arxiv: string;
  readonly field: Field;
  readonly summary: string;
  readonly concepts: readonly string[];
  readonly done: boolean;
  /** Whether the last full run passed all checks; undefined without a record. */
  readonly reproduced: boolean | undefined;
  /** Problem and idea as plain words, for the search. */
  readonly words: string;
  /** Ids of the nearest papers by meaning, nearest first. */
  readonly similar: readonly string[];
  /** What the card's picture shows; the files are papers/<id>/picture-<theme>.webp. */
  readonly picture: { readonly alt: string } | undefined;
  /** The checks of the last record in short, for a card without one: each value over its bar, and the verdict. */
  readonly marks: readonly { readonly at: number; readonly passed: boolean; readonly above: boolean }[];
}

/** One check of a claim, with what each seed gave if the check can be asked for one seed alone. */
export interface CheckLine {
  readonly name: string;
  readonly value: number | null;
  readonly sense: "at most" | "at least";
  readonly bar: number;
  readonly passed: boolean;
  readonly seeds: readonly (number | null)[];
}

/** A line of the library that implements an equation of the paper. */
export interface CodeLine {
  /** Such as "eq. 6" or "Algorithm 1"; empty where the source names none. */
  readonly place: string;
  readonly name: string;
  /** Below packages/fluxion/src. */
  readonly file: string;
  readonly line: number;
  /** First sentence of its description. */
  readonly says: string;
  /** The declaration's text, coloured and shortened. */
  readonly html: string;
}

/** A piece of a paper's mathematics with the lines of the library that it names. */
export interface MathBlock {
  readonly html: string;
  readonly lines: readonly CodeLine[];
}

/** What a paper that is done has beyond its entry. */
export interface PaperPage {
  readonly id: string;
  /** HTML by section of the README. */
  readonly sections: Readonly<Record<string, string>>;
  readonly example: { readonly html: string; readonly text: string } | undefined;
  readonly bibtex: string | undefined;
  readonly mathematics: readonly MathBlock[];
  /** Lines of the library that name the paper, but that its mathematics does not name. */
  readonly others: readonly CodeLine[];
  readonly claim:
    | {
        readonly statement: string;
        readonly checks: readonly CheckLine[];
        readonly reported: readonly CheckLine[];
        readonly passed: boolean;
        readonly seeds: readonly number[];
        readonly seconds: number;
        readonly date: string;
        readonly commit: string;
        readonly runtime: string;
      }
    | undefined;
  readonly demo: {
    readonly caption: string;
    readonly watch: Watch;
    readonly controls: Readonly<Record<string, Control>>;
    readonly presets: readonly Preset[];
    readonly html: string;
  };
  readonly modules: readonly string[];
  readonly repository: { readonly repository: string; readonly licence: string } | undefined;
}
