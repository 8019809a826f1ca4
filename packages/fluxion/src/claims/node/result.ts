import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { FormatError } from "../../core/errors.js";
import { writeFileAtomic } from "../../data/node/atomic-write.js";
import type { ClaimOutcome } from "../run.js";

/** What the full tier last measured. */
export interface ClaimResult extends ClaimOutcome {
  /** ISO date. */
  readonly date: string;
  /** Of the sources that were measured. */
  readonly commit: string;
  readonly versions: Readonly<Record<"fluxion" | "onnxruntime" | "node", string>>;
}

/** `papers/<id>/result.json` of the source checkout, or undefined where there is none (an installed package). */
export function resultPath(id: string): string | undefined {
  // The same depth from src/claims/node and from dist/claims/node.
  const papers = new URL("../../../../../papers/", import.meta.url);
  const folder = new URL(`${id}/`, papers);
  return existsSync(folder) ? fileURLToPath(new URL("result.json", folder)) : undefined;
}

/** Writes the record of an outcome, if this is a source checkout. @returns its path */
export async function writeResult(
  outcome: ClaimOutcome,
  { date, commit }: { date: string; commit: string },
): Promise<string | undefined> {
  const path = resultPath(outcome.id);
  if (path === undefined) return undefined;
  const require = createRequire(import.meta.url);
  const versionOf = (file: string): string => (require(file) as { version: string }).version;
  const versions = {
    fluxion: versionOf("../../../package.json"),
    onnxruntime: versionOf("onnxruntime-node/package.json"),
    node: process.versions.node,
  };
  const result: ClaimResult = { ...outcome, date, commit, versions };
  await writeFileAtomic(path, `${JSON.stringify(result, rounded, 2)}\n`);
  return path;
}

/** Six significant digits: what is beyond them differs from machine to machine. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

/** The record of a paper's last full run. @throws FormatError if there is none or it is damaged */
export async function readResult(id: string): Promise<ClaimResult> {
  const path = resultPath(id);
  const where = path ?? `papers/${id}/result.json`;
  try {
    const result = JSON.parse(await readFile(where, "utf8")) as ClaimResult;
    if (result.id === id && Array.isArray(result.checks)) return result;
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError({ where, want: "a result of the claim", got, cause });
  }
  throw new FormatError({ where, want: `a result of "${id}"`, got: "another file" });
}
