import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { quickstart, type Plan } from "./quickstart.js";

const plan: Plan = {
  data: "digits",
  network: { kind: "mlp", width: 16, depth: 1 },
  batch: 32,
  train: { steps: 30, learningRate: 2e-3 },
  reflow: { steps: 20, learningRate: 1e-3, pairs: 50, pairSteps: 4 },
  distil: { steps: 20, learningRate: 1e-3 },
  stepCounts: [1, 3],
  judged: 40,
  columns: 4,
};
let out = "";
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "quickstart-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs it; gives what it printed. An interrupt comes with the line that starts with `stop`. */
async function start(stop?: string): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => {
    lines.push(line);
    if (stop !== undefined && line.startsWith(stop)) process.emit("SIGINT");
  });
  // Each is a process of its own to its user.
  process.removeAllListeners("SIGINT");
  await quickstart({ out, seed: 3 }, plan);
  return lines.join("\n");
}

it("stops at an interrupt, goes on, and leaves everything it promises", { timeout: 60_000 }, async () => {
  await writeFile(join(out, "mine.txt"), "kept");
  const begun = await start("pairs");
  expect(process.exitCode).toBe(130);
  expect(begun).toContain("run the same command again to go on");
  expect(await readdir(join(out, "2-straight"))).toEqual(["config.json"]);
  const trained = await stat(join(out, "1-flow", "checkpoints"));

  const said = await start();
  expect((await stat(join(out, "1-flow", "checkpoints"))).mtimeMs).toBe(trained.mtimeMs);
  expect(said).toMatch(/steps +before \(flow\) +straightened +distilled\n/);
  expect(said).toMatch(/One step: [\d.]+ before straightening, [\d.]+ after\./);
  const names = ["1-flow", "2-straight", "3-distilled", "flow.png", "straight.png", "distilled.png"];
  expect((await readdir(out)).sort()).toEqual(
    [...names, "quality.svg", "flow.onnx", "summary.json", "mine.txt"].sort(),
  );
  const summary = JSON.parse(await readFile(join(out, "summary.json"), "utf8")) as {
    quality: Record<string, { steps: number }[]>;
  };
  expect(Object.values(summary.quality).map((list) => list.map((q) => q.steps))).toEqual([
    [1, 3],
    [1, 3],
    [1],
  ]);

  // A finished one is made anew, and only what is its own is replaced.
  await start("train");
  expect((await readdir(out)).filter((name) => /\d|json|txt/.test(name)).sort()).toEqual([
    "1-flow",
    "mine.txt",
  ]);
});
