import { open, readFile } from "node:fs/promises";
import { FluxionError } from "../../core/errors.js";
import { writeFileAtomic } from "../../data/node/atomic-write.js";
import type { TrainRecord } from "../options.js";

/** A file of JSON lines that grows. */
export interface MetricsFile {
  /** Adds one line. @throws FluxionError naming the file; no part of the line is left */
  readonly append: (record: TrainRecord) => Promise<void>;
  /** Waits until all lines are on the disk. */
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * The records of a metrics file, one JSON object a line; numbers that are not finite are null. A last line that a
 * killed process left unfinished is passed over.
 * @returns none if there is no file
 */
export async function readMetrics(path: string): Promise<TrainRecord[]> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "";
    throw new FluxionError({ where: path, want: "a file to read", got: cause.message, cause });
  });
  return text.split("\n").flatMap((line) => {
    try {
      const record = JSON.parse(line) as TrainRecord | null;
      return typeof record?.step === "number" ? [record] : [];
    } catch {
      return [];
    }
  });
}

const lineOf = (record: TrainRecord): string => `${JSON.stringify(record)}\n`;

/**
 * Opens a metrics file to go on after a step: records of later steps, which will be made again, are dropped.
 * @param after steps made; 0 empties the file
 * @throws FluxionError naming the file
 */
export async function openMetrics(path: string, after = 0): Promise<MetricsFile> {
  const kept = (await readMetrics(path)).filter((record) => record.step <= after);
  const text = kept.map(lineOf).join("");
  await writeFileAtomic(path, text);
  const fail = (cause: unknown): FluxionError => {
    const got = cause instanceof Error ? cause.message : String(cause);
    return new FluxionError({ where: path, want: "a place to write", got, cause });
  };
  let size = Buffer.byteLength(text);
  const file = await open(path, "a").catch((cause: unknown) => {
    throw fail(cause);
  });
  return {
    async append(record) {
      const line = Buffer.from(lineOf(record));
      try {
        await file.appendFile(line);
        size += line.length;
      } catch (cause) {
        await file.truncate(size).catch(() => undefined);
        throw fail(cause);
      }
    },
    sync: () => file.datasync(),
    close: () => file.close(),
  };
}
