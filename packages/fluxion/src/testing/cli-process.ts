import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the standard output holds the text. */
  readonly says: (text: string) => Promise<void>;
}

/** The command line as real processes, and a folder for what they write. */
export interface Cli {
  /** Removed by `remove`. */
  readonly folder: string;
  readonly start: (...args: string[]) => Running;
  readonly run: (...args: string[]) => Promise<Ended>;
  readonly remove: () => Promise<void>;
}

/** Bundles the command line, because TypeScript read on the fly would make every process start slowly. */
export async function buildCli(): Promise<Cli> {
  // As deep below the package as the sources are, so that they find its package.json and assets.
  const base = fileURLToPath(new URL("../../.cache/", import.meta.url));
  await mkdir(base, { recursive: true });
  const folder = await mkdtemp(join(base, "cli-"));
  const main = join(folder, "main.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../cli/main.ts", import.meta.url))],
    outfile: main,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    conditions: ["fluxion-source"],
  });
  const start = (...args: string[]): Running => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...output }));
    const says = async (text: string): Promise<void> => {
      while (!output.stdout.includes(text) && child.exitCode === null) await once(child.stdout, "data");
    };
    return { process: child, ended, says };
  };
  return {
    folder,
    start,
    run: (...args) => start(...args).ended,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
