import { createHash } from "node:crypto";
import { open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, FluxionError, FormatError } from "../../core/errors.js";
import { writeFileAtomic } from "../../data/node/atomic-write.js";
import { readSafetensors, writeSafetensors } from "../../onnx/safetensors.js";
import { checkWhole } from "../../optim/options.js";
import type { Snapshot } from "../snapshot.js";

/** A checkpoint that cannot be used, and why. */
export interface DamagedCheckpoint {
  readonly path: string;
  readonly reason: string;
}

/** The newest checkpoint that is whole. */
export interface FoundCheckpoint<P, S> {
  readonly path: string;
  readonly snapshot: Snapshot<P, S>;
  /** Newer ones that were passed over. */
  readonly damaged: readonly DamagedCheckpoint[];
}

const nameOf = (step: number): string => `step-${String(step).padStart(9, "0")}`;
const pattern = /^step-(\d{9,15})\.(json|safetensors)$/;
const formatName = "fluxion-checkpoint";
/** The JSON part is a few hundred bytes. */
const maxJsonBytes = 65_536;

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/**
 * Writes `step-<step>.safetensors` and then `step-<step>.json` with its SHA-256. Each is written aside, synced and
 * renamed; the JSON makes the checkpoint, so a crash at any moment leaves the one before.
 * @param folder made if it is missing
 * @param options `keep`: checkpoints left in the folder, whole number ≥ 1, default 3; older ones are deleted
 * @returns path of the safetensors file
 * @throws FluxionError naming the file that could not be written; nothing of the checkpoint is left then
 */
export async function saveCheckpoint(
  folder: string,
  snapshot: Snapshot,
  options: { keep?: number } = {},
): Promise<string> {
  checkOptions("saveCheckpoint", options, ["keep"]);
  const { keep = 3 } = options;
  checkWhole("saveCheckpoint", "keep", keep, 1);
  const { step, ...tree } = snapshot;
  const bytes = await writeSafetensors(tree);
  const path = join(folder, nameOf(step));
  const facts = { format: formatName, version: 1, step, bytes: bytes.length, sha256: hashOf(bytes) };
  await writeFileAtomic(`${path}.safetensors`, bytes);
  try {
    await writeFileAtomic(`${path}.json`, `${JSON.stringify(facts, undefined, 2)}\n`);
  } catch (error) {
    await unlink(`${path}.safetensors`).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
  await prune(folder, step, keep);
  return `${path}.safetensors`;
}

/**
 * Finds the newest whole checkpoint of a folder.
 * @param like a snapshot of the same structure, shapes and dtypes
 * @returns undefined if there is none, not even a damaged one
 * @throws TreeError, ShapeError naming the file if it is whole but not `like` the run; FormatError if all are damaged
 */
export async function latestCheckpoint<P, S>(
  folder: string,
  like: Snapshot<P, S>,
): Promise<FoundCheckpoint<P, S> | undefined> {
  const { step: _, ...tree } = like;
  const damaged: DamagedCheckpoint[] = [];
  const { json } = await list(folder);
  for (const step of json.sort((a, b) => b - a)) {
    const path = join(folder, `${nameOf(step)}.safetensors`);
    const content = await verified(path, step);
    if (typeof content === "string") damaged.push({ path, reason: content });
    else
      return {
        path,
        snapshot: { step, ...readSafetensors(content, { where: path, like: tree }).tree },
        damaged,
      };
  }
  if (damaged.length === 0) return undefined;
  throw new FormatError({
    where: folder,
    want: "a whole checkpoint",
    got: damaged.map(({ path, reason }) => `${path}: ${reason}`).join("; "),
    hint: "remove the folder to start over",
  });
}

/** The tensors' bytes if they are what the JSON says, else what is wrong. */
async function verified(path: string, step: number): Promise<Uint8Array | string> {
  try {
    const file = path.replace(/safetensors$/, "json");
    if ((await stat(file)).size > maxJsonBytes) return `its JSON has more than ${maxJsonBytes} bytes`;
    const facts = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown> | null;
    if (facts?.format !== formatName || facts.version !== 1 || facts.step !== step)
      return "its JSON is none of a checkpoint of this step";
    const size = (await stat(path)).size;
    if (size !== facts.bytes) return `${size} bytes instead of ${String(facts.bytes)}`;
    const bytes = await readFile(path);
    return hashOf(bytes) === facts.sha256 ? bytes : "its SHA-256 is another";
  } catch (error) {
    return messageOf(error);
  }
}

/** Steps of the JSON and safetensors files in a folder. */
async function list(folder: string): Promise<{ json: number[]; safetensors: number[] }> {
  const found: { json: number[]; safetensors: number[] } = { json: [], safetensors: [] };
  const names = await readdir(folder).catch((cause: unknown): string[] => {
    if (isMissing(cause)) return [];
    throw new FluxionError({ where: folder, want: "a folder to read", got: messageOf(cause), cause });
  });
  for (const name of names) {
    const [, step, kind] = pattern.exec(name) ?? [];
    if (kind) found[kind as "json" | "safetensors"].push(Number(step));
  }
  return found;
}

/** Whether a folder holds files of checkpoints, whole or not. @internal */
export async function hasCheckpoints(folder: string): Promise<boolean> {
  const { json, safetensors } = await list(folder);
  return json.length + safetensors.length > 0;
}

/** Deletes all but the newest `keep` up to `step`; the JSON goes first, so that no half checkpoint counts. */
async function prune(folder: string, step: number, keep: number): Promise<void> {
  const { json, safetensors } = await list(folder);
  const older = (steps: number[]): number[] => steps.filter((s) => s < step).sort((a, b) => b - a);
  const kept = new Set(older(json).slice(0, keep - 1));
  for (const s of older(json)) if (!kept.has(s)) await remove(join(folder, `${nameOf(s)}.json`));
  for (const s of older(safetensors)) {
    if (!kept.has(s)) await remove(join(folder, `${nameOf(s)}.safetensors`));
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((cause: unknown) => {
    if (isMissing(cause)) return;
    throw new FluxionError({ where: path, want: "a file that can be deleted", got: messageOf(cause), cause });
  });
}

/** Makes renames in a folder last through a loss of power, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; there the file system's journal has to do.
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Deletes what a killed process was writing. @internal */
export async function removeTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) if (/^\..*\.tmp$/.test(name)) await remove(join(folder, name));
}
