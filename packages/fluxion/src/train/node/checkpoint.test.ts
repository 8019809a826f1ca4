import type * as fs from "node:fs/promises";
import {
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FluxionError, FormatError, ShapeError, tensor, TreeError, treeLeaves } from "../../index.js";
import { key as randomKey } from "../../core/random/index.js";
import { adam, ema } from "../../optim/index.js";
import { mutate } from "../../testing/mutate.js";
import type { Snapshot } from "../index.js";
import { latestCheckpoint, saveCheckpoint } from "./index.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn(real.open) };
});

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fluxion-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true }));

function snapshotAt(step: number): Snapshot {
  const params = {
    layers: [{ w: tensor([[step, NaN, Infinity]]) }],
    scale: tensor(0.5, { dtype: "float64" }),
  };
  return { step, params, state: adam().init(params), ema: ema().init(params), key: randomKey(9) };
}
const like = snapshotAt(0);
const values = ({ step: _, ...tree }: Snapshot): Promise<string[]> =>
  Promise.all(treeLeaves(tree).map(async (t) => `${t.dtype} ${String(t.shape)}: ${String(await t.data())}`));
const file = (step: number, kind = "safetensors"): string =>
  join(folder, `step-${String(step).padStart(9, "0")}.${kind}`);

describe("whole checkpoints", () => {
  it("come back as they were, the newest first", async () => {
    expect(await latestCheckpoint(folder, like)).toBeUndefined();
    expect(await latestCheckpoint(join(folder, "missing"), like)).toBeUndefined();
    expect(await saveCheckpoint(folder, snapshotAt(9))).toBe(file(9));
    await saveCheckpoint(folder, snapshotAt(10));
    const found = await latestCheckpoint(folder, like);
    expect(found).toMatchObject({ path: file(10), damaged: [] });
    expect(found!.snapshot.step).toBe(10);
    expect(await values(found!.snapshot)).toEqual(await values(snapshotAt(10)));
  });

  it("are kept as many as wanted", async () => {
    for (const step of [5, 10, 15, 20]) await saveCheckpoint(folder, snapshotAt(step), { keep: 2 });
    const names = [15, 20].flatMap((s) => [file(s, "json"), file(s)]);
    expect((await readdir(folder)).map((name) => join(folder, name)).sort()).toEqual(names);
  });

  it("of a run resumed further back are not deleted for newer ones", async () => {
    await saveCheckpoint(folder, snapshotAt(30));
    await saveCheckpoint(folder, snapshotAt(20), { keep: 1 });
    expect(await readdir(folder)).toHaveLength(4);
  });

  it("of another run are refused, not skipped", async () => {
    await saveCheckpoint(folder, snapshotAt(3));
    const other = { ...like, params: { w: tensor([1]) } };
    await expect(latestCheckpoint(folder, other)).rejects.toThrow(TreeError);
    await expect(latestCheckpoint(folder, { ...like, key: tensor([1]) })).rejects.toThrow(ShapeError);
    await expect(latestCheckpoint(folder, other)).rejects.toThrow(/step-000000003\.safetensors/);
  });
});

describe("damaged checkpoints", () => {
  const damages: readonly (readonly [string, () => Promise<void>, RegExp])[] = [
    ["a cut file", () => truncate(file(2), 100), /100 bytes instead of/],
    [
      "a flipped bit",
      async () => {
        const bytes = await readFile(file(2));
        bytes[bytes.length - 3]! ^= 4;
        await writeFile(file(2), bytes);
      },
      /SHA-256/,
    ],
    ["missing tensors", () => unlink(file(2)), /ENOENT/],
    ["an empty JSON", () => writeFile(file(2, "json"), ""), /JSON/],
    ["null for a JSON", () => writeFile(file(2, "json"), "null"), /none of a checkpoint/],
    [
      "the JSON of another step",
      async () => writeFile(file(2, "json"), await readFile(file(1, "json"))),
      /this step/,
    ],
    ["an endless JSON", () => writeFile(file(2, "json"), " ".repeat(100_000)), /65536/],
  ];

  it.each(damages)("%s: named, and the one before is taken", async (_, damage, reason) => {
    await saveCheckpoint(folder, snapshotAt(1));
    await saveCheckpoint(folder, snapshotAt(2));
    await damage();
    const found = await latestCheckpoint(folder, like);
    expect(found!.snapshot.step).toBe(1);
    expect(found!.damaged).toEqual([{ path: file(2), reason: expect.stringMatching(reason) as string }]);
  });

  it("tensors whose JSON was never written do not count", async () => {
    await saveCheckpoint(folder, snapshotAt(1));
    await saveCheckpoint(folder, snapshotAt(2));
    await unlink(file(2, "json"));
    expect(await latestCheckpoint(folder, like)).toMatchObject({ path: file(1), damaged: [] });
  });

  it("and no whole one are an error, not a fresh start", async () => {
    await saveCheckpoint(folder, snapshotAt(1));
    await truncate(file(1), 5);
    await expect(latestCheckpoint(folder, like)).rejects.toThrow(FormatError);
    await expect(latestCheckpoint(folder, like)).rejects.toThrow(/step-000000001\.safetensors: 5 bytes/);
  });

  it("of a thousand kinds are never taken for whole", { timeout: 60_000 }, async () => {
    await saveCheckpoint(folder, snapshotAt(1));
    await saveCheckpoint(folder, snapshotAt(2));
    const want = await values(snapshotAt(2));
    for (const kind of ["json", "safetensors"]) {
      const sound = await readFile(file(2, kind));
      let skipped = 0;
      for (let seed = 0; seed < 500; seed++) {
        await writeFile(file(2, kind), mutate(sound, seed));
        const found = await latestCheckpoint(folder, like);
        if (found!.snapshot.step === 1) skipped++;
        else expect(await values(found!.snapshot)).toEqual(want);
      }
      expect(skipped).toBeGreaterThan(400);
      await writeFile(file(2, kind), sound);
    }
  });
});

describe("writing that fails", () => {
  /** Makes the nth file that is opened for writing fail as on a full disk, after half its content. */
  function fillDiskAt(nth: number): void {
    const really = vi.mocked(open).getMockImplementation()!;
    let writes = 0;
    vi.mocked(open).mockImplementation(async (...args): Promise<FileHandle> => {
      const handle = await really(...args);
      if (args[1] === "wx" && ++writes === nth) {
        vi.spyOn(handle, "writeFile").mockImplementation(async (content) => {
          await handle.write((content as Uint8Array).slice(0, 8) as Uint8Array);
          throw new Error("ENOSPC: no space left on device");
        });
      }
      return handle;
    });
  }
  const really = vi.mocked(open).getMockImplementation()!;
  afterEach(() => void vi.mocked(open).mockImplementation(really));

  it.each([1, 2])("gives one error, leaves no half file and the checkpoint before (file %i)", async (nth) => {
    await saveCheckpoint(folder, snapshotAt(1));
    const before = await readdir(folder);
    fillDiskAt(nth);
    await expect(saveCheckpoint(folder, snapshotAt(2))).rejects.toThrow(
      /step-000000002\.\w+: want a place to write, got ENOSPC/,
    );
    expect(await readdir(folder)).toEqual(before);
    expect(await latestCheckpoint(folder, like)).toMatchObject({ path: file(1), damaged: [] });
  });

  it("names a folder that is none", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    await expect(saveCheckpoint(path, snapshotAt(1))).rejects.toThrow(FluxionError);
    await expect(latestCheckpoint(path, like)).rejects.toThrow(/file: want a folder to read, got ENOTDIR/);
  });
});
