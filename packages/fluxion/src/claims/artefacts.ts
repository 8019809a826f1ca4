import type { Demo } from "../demo/demo.js";
import type { DonePaperId } from "../papers/index.js";
import type { Claim } from "./claim.js";

/** What the registry's "done" promises: loaders of the files beside a paper's README.md and result.json. */
export interface PaperArtefacts {
  readonly claim: () => Promise<{ readonly claim: Claim }>;
  readonly demo: () => Promise<{ readonly demo: Demo }>;
}

/** The artefacts of all papers that are done; `papers/artefacts.ts` must have exactly this type. */
export type AllArtefacts = Readonly<Record<DonePaperId, PaperArtefacts>>;
