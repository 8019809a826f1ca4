import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";

/** What timings depend on beside this repository. */
export interface Machine {
  date: string;
  commit: string;
  cpu: string;
  cores: number;
  /** Of the machine when the run began: what else it was doing. */
  load: number;
  node: string;
  onnxruntime: string;
}

/** The machine as it is now. */
export function machine(): Machine {
  const manifest = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const folder = import.meta.dirname;
  let commit = "unknown";
  try {
    commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: folder, encoding: "utf8" }).trim();
  } catch {
    // A copy without its history still measures.
  }
  return {
    date: new Date().toISOString(),
    commit,
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    load: Number(os.loadavg()[0]!.toFixed(2)),
    node: process.versions.node,
    onnxruntime: version,
  };
}
