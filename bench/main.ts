// npm run bench -- engine [--only names] [--reps N] [--peers names|none] [--cap seconds] [--json] [--save]
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { engine, sectionNames } from "./engine.js";
import { Peer, peerNames } from "./peers/peer.js";
import { report } from "./report.js";

const usage = `npm run bench -- engine [options]

  --only names   comma-separated, of: ${sectionNames.join(" ")}
  --reps N       rounds, in each of which everybody runs for 0.4 s (default 7)
  --peers names  comma-separated, of: ${peerNames.join(" ")}; or none (default: all)
  --cap seconds  longest wait for one answer of a peer (default 240)
  --json         the figures as JSON instead of tables
  --save         also into bench/results/engine.json

Run it alone on the machine. bench/README.md says how to read it.`;

/** The names in a comma-separated option. @throws Error for an unknown one */
function names<T extends string>(
  option: string,
  text: string | undefined,
  known: readonly T[],
): readonly T[] {
  if (text === undefined) return known;
  return text.split(",").map((name) => {
    const found = known.find((k) => k === name.trim());
    if (!found) throw new Error(`--${option}: "${name}" is none of ${known.join(", ")}`);
    return found;
  });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${option}: want a whole number ≥ 1, got ${text}`);
  return value;
}

/** What the figures depend on beside this repository. */
interface Environment {
  date: string;
  commit: string;
  cpu: string;
  cores: number;
  /** Of the machine when the run began: what else it was doing. */
  load: number;
  node: string;
  onnxruntime: string;
  peers: string[];
}

function environment(): Environment {
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
    peers: [],
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      reps: { type: "string", default: "7" },
      peers: { type: "string" },
      cap: { type: "string", default: "240" },
      json: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  if (positionals.length !== 1 || positionals[0] !== "engine") throw new Error(usage);
  const only = names("only", values.only, sectionNames);
  const reps = positive("reps", values.reps);
  const cap = positive("cap", values.cap);
  const chosen = values.peers === "none" ? [] : names("peers", values.peers, peerNames);
  const peers = chosen.map((name) => new Peer(name, cap));
  const machine = environment();
  try {
    const results = await engine({ only, reps, peers, progress: (what) => console.error(`... ${what}`) });
    const all = { ...machine, peers: peers.flatMap((p) => p.title ?? []), ...results };
    if (values.save) {
      const file = path.join(import.meta.dirname, "results", "engine.json");
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, `${JSON.stringify(all, undefined, 2)}\n`);
      renameSync(`${file}.new`, file);
    }
    if (values.json) console.log(JSON.stringify(all, undefined, 2));
    else {
      const { cpu, cores, node, onnxruntime, peers: libraries } = all;
      const about = [`${cpu}, ${cores} cores`, `Node ${node}`, `ONNX Runtime ${onnxruntime}`, ...libraries];
      console.log(about.join(" · "));
      console.log(`Medians over the steps of ${reps} rounds; a ratio is the other's time to ours.\n`);
      console.log(report(results));
    }
  } finally {
    for (const peer of peers) peer.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
