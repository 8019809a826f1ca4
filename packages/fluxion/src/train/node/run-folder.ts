import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, FluxionError, FormatError, OptionError } from "../../core/errors.js";
import { writeFileAtomic } from "../../data/node/atomic-write.js";
import { checkWhole } from "../../optim/options.js";
import type { TrainRecord } from "../options.js";
import type { Snapshot } from "../snapshot.js";
import {
  type DamagedCheckpoint,
  hasCheckpoints,
  latestCheckpoint,
  removeTemporaries,
  saveCheckpoint,
} from "./checkpoint.js";
import { type MetricsFile, openMetrics } from "./metrics-file.js";

/** Options of `openRun`. */
export interface RunOptions {
  /** What the run is made from, as JSON; written to `config.json` and compared when the run is resumed. */
  config: Readonly<Record<string, unknown>>;
  /** Whether to go on with the run in the folder; default false. A folder without a run starts one. */
  resume?: boolean;
  /** Keys of `config` that may differ when it is resumed; default `["steps"]`. */
  mayChange?: readonly string[];
  /** Steps between checkpoints, whole number ≥ 1; default 500. */
  checkpointEvery?: number;
  /** Checkpoints left in the folder, whole number ≥ 1; default 3. */
  keep?: number;
}

/** A run folder: `config.json`, `metrics.jsonl` and `checkpoints/`. */
export interface Run {
  readonly folder: string;
  /** Options for `train` that write to the folder and go on from it. */
  readonly options: {
    readonly checkpoint: { every: number; save: (snapshot: Snapshot) => Promise<string> };
    readonly resume: <P, S>(like: Snapshot<P, S>) => Promise<Snapshot<P, S> | undefined>;
    readonly onRecord: (record: TrainRecord) => Promise<void>;
  };
  /** Checkpoints that were passed over when the run was resumed: name them to the user. */
  readonly damaged: readonly DamagedCheckpoint[];
  /** Closes the metrics file. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a run folder: `train({ ...options, ...run.options })` then keeps metrics and checkpoints in it. Metrics and
 * parameters of a run that was killed and resumed equal those of an undisturbed one.
 * @throws FluxionError if the folder holds a run and `resume` is false, or cannot be written; OptionError naming the
 *   settings that differ from those of the run; FormatError if its config is damaged
 */
export async function openRun(folder: string, options: RunOptions): Promise<Run> {
  const where = "openRun";
  checkOptions(where, options, ["config", "resume", "mayChange", "checkpointEvery", "keep"]);
  const { config, resume = false, mayChange = ["steps"], checkpointEvery = 500, keep = 3 } = options;
  checkWhole(where, "checkpointEvery", checkpointEvery, 1);
  checkWhole(where, "keep", keep, 1);
  const configPath = join(folder, "config.json");
  const before = await readConfig(configPath);
  const checkpoints = join(folder, "checkpoints");
  // Checkpoints without a config are none of this run, and must not be taken for its own later.
  if (before ? !resume : await hasCheckpoints(checkpoints)) {
    const hint = "resume it or choose another folder";
    throw new FluxionError({
      where: folder,
      want: "a folder without a run",
      got: "one that holds a run",
      hint,
    });
  }
  if (before) compareConfigs(folder, before, config, mayChange);
  await writeFileAtomic(configPath, `${JSON.stringify(config, undefined, 2)}\n`);
  for (const each of [folder, checkpoints]) await removeTemporaries(each);

  const damaged: DamagedCheckpoint[] = [];
  let start = 0;
  let metrics: Promise<MetricsFile> | undefined;
  const file = (): Promise<MetricsFile> => (metrics ??= openMetrics(join(folder, "metrics.jsonl"), start));
  return {
    folder,
    damaged,
    options: {
      checkpoint: {
        every: checkpointEvery,
        async save(snapshot) {
          await (await file()).sync();
          return saveCheckpoint(checkpoints, snapshot, { keep });
        },
      },
      async resume(like) {
        const found = before ? await latestCheckpoint(checkpoints, like) : undefined;
        damaged.push(...(found?.damaged ?? []));
        start = found?.snapshot.step ?? 0;
        await file();
        return found?.snapshot;
      },
      onRecord: async (record) => (await file()).append(record),
    },
    async close() {
      await (await metrics)?.close();
    },
  };
}

/** The settings in a run folder, or undefined if there is no run. @throws FormatError if the file is no JSON object */
async function readConfig(path: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new FluxionError({ where: path, want: "a file to read", got, cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError({ where: path, want: "JSON", got: (cause as Error).message, cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new FormatError({ where: path, want: "a JSON object", got: text.slice(0, 40) });
}

function compareConfigs(
  folder: string,
  before: Record<string, unknown>,
  now: Readonly<Record<string, unknown>>,
  mayChange: readonly string[],
): void {
  const text = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const differing = keys.filter((key) => !mayChange.includes(key) && text(before[key]) !== text(now[key]));
  if (differing.length === 0) return;
  throw new OptionError({
    where: folder,
    want: `the settings of the run: ${differing.map((key) => `${key} ${text(before[key])}`).join(", ")}`,
    got: differing.map((key) => `${key} ${text(now[key])}`).join(", "),
    hint: "resume with the same settings or choose another folder",
  });
}
