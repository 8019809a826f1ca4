import type * as fs from "node:fs/promises";
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FluxionError, FormatError, OptionError, tensor, type Tensor } from "../../index.js";
import { adam } from "../../optim/index.js";
import { train, type TrainResult } from "../index.js";
import { openMetrics, openRun, readMetrics, type RunOptions } from "./index.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn(real.open) };
});

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fluxion-run-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A run of `steps` steps, stopped after `until`. */
async function runIn(
  name: string,
  options: Partial<RunOptions> & { until?: number } = {},
): Promise<{ result: TrainResult<Tensor>; damaged: readonly { path: string }[] }> {
  const { until = Infinity, ...rest } = options;
  const run = await openRun(join(folder, name), {
    config: { steps: 20, rate: 0.1 },
    checkpointEvery: 4,
    ...rest,
  });
  const stop = new AbortController();
  const result = await train({
    params: tensor([4, -3]),
    loss: (p: Tensor, x: Tensor) => p.sub(x).square().sum(),
    optimizer: adam({ learningRate: 0.1 }),
    batches: (step) => tensor([step % 3]),
    ...{ steps: 20, recordEvery: 2, signal: stop.signal },
    onProgress: ({ step }) => void (step >= until && stop.abort()),
    ...run.options,
  });
  await run.close();
  return { result, damaged: run.damaged };
}
const read = (...path: string[]): Promise<string> => readFile(join(folder, ...path), "utf8");

describe("a run folder", () => {
  it("holds config, metrics and checkpoints", async () => {
    const { result } = await runIn("a");
    expect(JSON.parse(await read("a", "config.json"))).toEqual({ steps: 20, rate: 0.1 });
    expect(await readMetrics(join(folder, "a/metrics.jsonl"))).toEqual(result.history);
    expect((await readdir(join(folder, "a/checkpoints"))).filter((n) => n.endsWith(".json"))).toEqual(
      [12, 16, 20].map((s) => `step-0000000${s}.json`),
    );
  });

  it("goes on bit for bit, with the metrics of an undisturbed run", async () => {
    await runIn("whole");
    await runIn("cut", { until: 7 });
    // What a kill leaves: a later record, half a line, half a file.
    await writeFile(join(folder, "cut/metrics.jsonl"), '{"step":8,"loss":1}\n{"step":9,"lo', { flag: "a" });
    await writeFile(join(folder, "cut/checkpoints/.step-000000008.json.1-1.tmp"), "{");
    const { result } = await runIn("cut", { resume: true });
    expect(result.history[0]!.step).toBe(8);
    for (const file of ["metrics.jsonl", "checkpoints/step-000000020.safetensors"])
      expect(await read("cut", file)).toBe(await read("whole", file));
    expect(await readdir(join(folder, "cut/checkpoints"))).toHaveLength(6);
  });

  it("goes on from an older checkpoint if the newest is damaged, and names that", async () => {
    await runIn("whole");
    await runIn("cut", { until: 10 });
    await truncate(join(folder, "cut/checkpoints/step-000000010.safetensors"), 50);
    const { damaged } = await runIn("cut", { resume: true });
    expect(damaged.map((d) => d.path)).toEqual([join(folder, "cut/checkpoints/step-000000010.safetensors")]);
    for (const file of ["metrics.jsonl", "checkpoints/step-000000020.safetensors"])
      expect(await read("cut", file)).toBe(await read("whole", file));
  });

  it("is started by resume if it holds no run, and may be extended", async () => {
    expect((await runIn("new", { resume: true })).result.step).toBe(20);
    expect((await runIn("new", { resume: true, config: { rate: 0.1, steps: 40 } })).result.status).toBe("ok");
    expect(JSON.parse(await read("new", "config.json"))).toEqual({ rate: 0.1, steps: 40 });
  });

  it("is not overwritten, and not resumed with other settings", async () => {
    await runIn("a");
    await expect(runIn("a")).rejects.toThrow(/one that holds a run; resume it/);
    const other = runIn("a", { resume: true, config: { steps: 20, rate: 0.2, decay: 1 } });
    await expect(other).rejects.toThrow(
      /want the settings of the run: rate 0\.1, decay nothing, got rate 0\.2, decay 1/,
    );
    await rm(join(folder, "a/config.json"));
    await expect(runIn("a", { resume: true })).rejects.toThrow(/a folder without a run/);
  });

  it.each([
    ["", FormatError],
    ["[1]", FormatError],
    ["{", FormatError],
  ])("refuses the config %j", async (text, error) => {
    await mkdir(join(folder, "a"));
    await writeFile(join(folder, "a/config.json"), text);
    await expect(runIn("a", { resume: true })).rejects.toThrow(error);
    await expect(runIn("a", { resume: true })).rejects.toThrow(/a\/config\.json/);
  });

  it("refuses bad options and places", async () => {
    await expect(openRun(folder, { config: {}, checkpointEvery: 0 })).rejects.toThrow(OptionError);
    await expect(openRun(folder, { config: {}, keep: 0.5 })).rejects.toThrow(OptionError);
    await expect(openRun(folder, { config: {}, seed: 1 } as never)).rejects.toThrow(OptionError);
    await writeFile(join(folder, "file"), "");
    await expect(openRun(join(folder, "file"), { config: {} })).rejects.toThrow(FluxionError);
  });
});

describe("a metrics file", () => {
  it("keeps no part of a line that could not be written", async () => {
    const path = join(folder, "metrics.jsonl");
    const really = vi.mocked(open).getMockImplementation()!;
    let handle: FileHandle | undefined;
    vi.mocked(open).mockImplementation(async (...args) => (handle = await really(...args)));
    const metrics = await openMetrics(path);
    vi.mocked(open).mockImplementation(really);
    await metrics.append({ step: 1, loss: 0.5 });
    vi.spyOn(handle!, "appendFile").mockImplementationOnce(async () => {
      await handle!.write('{"step":');
      throw new Error("ENOSPC: no space left on device");
    });
    await expect(metrics.append({ step: 2, loss: 0.25 })).rejects.toThrow(
      /metrics\.jsonl: want a place to write/,
    );
    await metrics.append({ step: 3, loss: NaN });
    await metrics.sync();
    await metrics.close();
    expect(await readFile(path, "utf8")).toBe('{"step":1,"loss":0.5}\n{"step":3,"loss":null}\n');
  });

  it("that is missing has no records, and one that cannot be read is an error", async () => {
    expect(await readMetrics(join(folder, "none"))).toEqual([]);
    await expect(readMetrics(folder)).rejects.toThrow(FluxionError);
  });
});
