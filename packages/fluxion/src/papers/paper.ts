/** Fields by which the papers are sorted, with their headings. */
export const fields = {
  flows: "Training and distilling flows",
  guidance: "Guidance, editing, restoration",
  optimization: "Optimizers and dynamics",
  vision: "Images, 3-D and physics",
  solvers: "Learning algorithms and solvers",
  systems: "Distributed, private, quantised, compressed",
} as const;

/** Key of a field. */
export type Field = keyof typeof fields;

/** One paper of the registry. */
export interface Paper {
  /** Folder below `papers/`, and name on the command line. */
  readonly id: string;
  /** What the method is called. */
  readonly name: string;
  readonly title: string;
  /** Family names; "et al." after the first of more than six. */
  readonly authors: string;
  /** Of the first version. */
  readonly year: number;
  /** arXiv number. */
  readonly arxiv: string;
  /** Where it was published; absent for preprints. */
  readonly venue?: string;
  readonly field: Field;
  /** The idea in one sentence. */
  readonly summary: string;
  readonly concepts: readonly string[];
  /** The authors' code on GitHub, which Fluxion was not copied from. */
  readonly code?: { readonly repository: string; readonly licence: string };
  /** Folders of `packages/fluxion/src` that hold (or will hold) the method. */
  readonly modules: readonly string[];
  /** "done": every artefact is there; `papers/artefacts.ts` does not compile without them. */
  readonly state: "done" | "planned";
}

/** Checks entries against `Paper` and keeps their literal ids and states. @internal */
export const defined = <const List extends readonly Paper[]>(list: List): List => list;
