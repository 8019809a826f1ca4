import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seededUniform } from "../data/seeded.js";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));
let folder = "";
let program = "";
const started: Child[] = [];

beforeAll(async () => {
  // Inside the repository, so that the bundle finds its packages; bundled, because a process must start quickly.
  await mkdir(join(repository, ".cache"), { recursive: true });
  folder = await mkdtemp(join(repository, ".cache/kill-"));
  program = join(folder, "child.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../testing/train-child.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["fluxion-source"],
    external: ["onnxruntime-node", "sharp"],
  });
});
afterAll(async () => {
  // Left over only if the test failed.
  for (const child of started) child.process.kill("SIGKILL");
  await Promise.all(started.map((child) => child.end));
  await rm(folder, { recursive: true });
});

interface Child {
  process: ChildProcess;
  /** Resolves when the first step is made. */
  ready: Promise<void>;
  /** Signal or exit code, and the last line of output. */
  end: Promise<{ signal: string | null; code: number | null; said: string }>;
}

function start(run: string): Child {
  const process_ = spawn(process.execPath, [program, join(folder, run)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(process_.stdout);
  let said = "";
  lines.on("line", (line) => (said = line));
  const closed = once(process_, "close") as Promise<[number | null, string | null]>;
  const child: Child = {
    process: process_,
    ready: Promise.race([once(lines, "line"), closed]).then(() => undefined),
    end: closed.then(([code, signal]) => ({ code, signal, said })),
  };
  started.push(child);
  return child;
}

it(
  "killed at 20 random moments and resumed, training ends where an undisturbed run does",
  { timeout: 180_000 },
  async () => {
    const undisturbed = start("undisturbed");
    const draw = seededUniform(20);
    for (let kill = 0; kill < 20; kill++) {
      const child = start("killed");
      // Most kills fall into training and the writing of checkpoints, every fifth anywhere from the start on.
      if (kill % 5 !== 0) await child.ready;
      await setTimeout(250 * draw());
      child.process.kill("SIGKILL");
      expect((await child.end).signal).toBe("SIGKILL");
    }
    expect((await readdir(join(folder, "killed/checkpoints"))).length).toBeGreaterThan(0);
    for (const child of [undisturbed, start("killed")])
      expect(await child.end).toEqual({ code: 0, signal: null, said: "ok 1200" });

    const files = ["step-000001200.safetensors", "step-000001200.json", "step-000001195.safetensors"];
    for (const file of [...files.map((name) => `checkpoints/${name}`), "metrics.jsonl"]) {
      const [want, got] = await Promise.all(
        ["undisturbed", "killed"].map((run) => readFile(join(folder, run, file))),
      );
      expect(got!.equals(want!), file).toBe(true);
    }
    // Three checkpoints of two files, and nothing half-written.
    expect(await readdir(join(folder, "killed/checkpoints"))).toHaveLength(6);
  },
);
