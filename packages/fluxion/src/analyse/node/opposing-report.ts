import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gatherRows } from "../../data/batches.js";
import type { ArrayData } from "../../data/array-data.js";
import { writeFileAtomic, writeImageGrid } from "../../data/node/index.js";
import type { OpposingReport } from "../opposing-signals/tracker.js";

/** What `writeOpposingReport` may show beside the figures. */
export interface OpposingReportFiles {
  /** The watched examples as images, uint8 [n, H, W, C], in the order of the tracker's data. */
  images?: ArrayData<Uint8Array>;
  /** Their labels, [n], named in the report. */
  labels?: ArrayLike<number>;
  /** Names of the labels. */
  classes?: readonly string[];
}

/**
 * Writes what was found along a run: `opposing.json` with every report, and of the last one `up.png` and `down.png`, the
 * images of both groups in the order of their changes.
 * @param folder is made if it is missing
 * @returns paths of the files
 * @throws FormatError if the folder cannot be written
 */
export async function writeOpposingReport(
  folder: string,
  reports: readonly OpposingReport[],
  { images, labels, classes }: OpposingReportFiles = {},
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const named = (indices: Int32Array) =>
    [...indices].map((index) => {
      const label = labels?.[index];
      return { index, ...(label === undefined ? {} : { label: classes?.[label] ?? label }) };
    });
  const entries = reports.map((r) => ({
    ...r,
    ...{ up: named(r.up), down: named(r.down) },
    changes: { up: [...r.changes.up], down: [...r.changes.down] },
  }));
  const json = join(folder, "opposing.json");
  await writeFileAtomic(json, new TextEncoder().encode(`${JSON.stringify(entries, null, 2)}\n`));
  const last = reports.at(-1);
  if (!images || !last) return [json];
  const pictures = [join(folder, "up.png"), join(folder, "down.png")];
  for (const [i, group] of [last.up, last.down].entries())
    await writeImageGrid(pictures[i]!, gatherRows(images, group), { scale: 2 });
  return [json, ...pictures];
}
