import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FormatError } from "../../core/errors.js";
import { findPaper } from "../../papers/index.js";
import type { AllArtefacts, PaperArtefacts } from "../artefacts.js";
import { runClaim, type ClaimOutcome, type RunClaimOptions } from "../run.js";
import { writeResult } from "./result.js";
import { seedProcess } from "./seed-process.js";

/** Options of `reproduce`. */
export interface ReproduceOptions extends Omit<RunClaimOptions, "measure"> {
  /** Seeds measured at the same time, each in a process of its own; 1, the default, stays in this one. */
  jobs?: number;
  /**
   * Date and commit for the record. With them, a full tier with the claim's own seeds in a source checkout writes
   * `papers/<id>/result.json`.
   */
  record?: { date: string; commit: string };
}

/**
 * Where the papers' claims and demos are: TypeScript beside the library in a source checkout that runs from sources,
 * compiled into `dist/evidence` by the build.
 */
function artefactsUrl(): URL {
  const [source, built] = ["../../../../../papers/artefacts.ts", "../../evidence/artefacts.js"];
  return new URL(import.meta.url.endsWith(".ts") ? source : built, import.meta.url);
}

/**
 * Claim and demo of a paper that is done.
 * @throws OptionError for an id that is not in the registry; FormatError for a paper that is planned only
 */
export async function loadArtefacts(id: string): Promise<PaperArtefacts> {
  const { state } = findPaper(id);
  const url = artefactsUrl();
  if (state === "done" && existsSync(url)) {
    const { artefacts } = (await import(/* @vite-ignore */ url.href)) as { artefacts: AllArtefacts };
    if (Object.hasOwn(artefacts, id)) return artefacts[id as keyof AllArtefacts];
  }
  const hint = "`fluxion papers` says which can be reproduced";
  throw new FormatError({
    where: fileURLToPath(url),
    want: `the artefacts of "${id}"`,
    got: "none yet",
    hint,
  });
}

/**
 * Measures a paper's claim.
 * @throws as `loadArtefacts` and `runClaim`
 */
export async function reproduce(id: string, options: ReproduceOptions = {}): Promise<ClaimOutcome> {
  const { record, ...run } = options;
  const { claim } = await (await loadArtefacts(id)).claim();
  const outcome = await runClaim(claim, {
    ...run,
    ...((run.jobs ?? 1) > 1 ? { measure: seedProcess(id) } : {}),
  });
  if (record && outcome.tier === "full" && !options.seeds) await writeResult(outcome, record);
  return outcome;
}
