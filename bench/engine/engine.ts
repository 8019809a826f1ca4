// The whole measurement: training steps, sampling, loops, overheads, browser.
import { cases, single, titles, type CaseName } from "./cases.js";
import { feedsOf, limitOf } from "./limit.js";
import { contestant, isTiming, race, type Contestant, type Outcome } from "../timing.js";
import { overheads, type Overheads } from "./overheads.js";
import type { Peer } from "../peer.js";
import { sampling, type Sampling } from "./sampling.js";
import { scans, type ScanRow } from "./scans.js";
import { runner, training } from "./training.js";

/** One training step, in milliseconds. */
export interface StepResult {
  title: string;
  parameters: number;
  /** Floating-point operations of a step, from the cost model. */
  flops: number;
  ours: Outcome;
  peers: Record<string, Outcome>;
  /** The step's own matrix products and convolutions alone; none where they are inside a loop. */
  limit?: Outcome;
  /** Products of the limit. */
  products?: number;
  compile: {
    /** Writing the graph. */
    emit: number;
    /** Loading it into ONNX Runtime. */
    load: number;
    /** What the first call took but for its run: tracing, simplifying, writing, loading. */
    total: number;
    nodes: number;
  };
}

/** What a run of the bench gives. */
export interface Results {
  reps: number;
  steps: Partial<Record<CaseName, StepResult>>;
  sampling?: Sampling;
  scan?: { sample: ScanRow[]; gradient: ScanRow[] };
  overheads?: Overheads;
  /** Median milliseconds of a step in Chromium and what that is to Node's. */
  browser?: Partial<Record<CaseName, { outcome: Outcome; node: number }>> | { error: string };
}

export const caseNames = Object.keys(cases) as CaseName[];
export const sectionNames = [...caseNames, "sampling", "scan", "overheads", "browser"] as const;
export type SectionName = (typeof sectionNames)[number];

/** The cases that run in the browser, too. */
const browserCases: readonly CaseName[] = ["conv", "dit"];

export interface EngineOptions {
  only: readonly SectionName[];
  reps: number;
  peers: readonly Peer[];
  progress?: (what: string) => void;
}

const scaled = (outcome: Outcome, factor: number): Outcome => {
  if (!isTiming(outcome)) return outcome;
  const { median, min, q1, q3 } = outcome;
  return { ...outcome, median: median * factor, min: min * factor, q1: q1 * factor, q3: q3 * factor };
};

const errorOf = (error: unknown): { error: string } => ({
  error: error instanceof Error ? error.message : String(error),
});

/** Times a training step: ours, the peers' and the limit, in turns. */
export async function trainingStep(
  name: CaseName,
  { reps, peers }: Pick<EngineOptions, "reps" | "peers">,
): Promise<StepResult> {
  const c = cases[name];
  const perCall = c.kind === "mlp" ? c.steps : 1;
  const trained = await training(c);
  const step = runner(trained);
  const began = performance.now();
  await step();
  const { emitMs, loadMs, nodes, runMs } = trained.step.stats[0]!;
  const compile = { emit: emitMs, load: loadMs, total: performance.now() - began - runMs, nodes };

  const outcomes: Record<string, Outcome> = {};
  const contestants: Contestant[] = [contestant("ours", step)];
  // Nobody but ours takes several steps per call; PyTorch is there again for comparison.
  for (const peer of peers.filter((p) => perCall === 1 || p.name === "torch")) {
    try {
      const parameters = await peer.build(single(c));
      if (parameters !== trained.parameters) throw new Error(`${parameters} parameters`);
      contestants.push({ name: peer.name, run: (steps) => peer.run(steps) });
    } catch (error) {
      outcomes[peer.name] = errorOf(error);
    }
  }
  const lowered = trained.step.lower(trained.state, trained.problem.batch);
  const limit =
    perCall === 1
      ? await limitOf(lowered.bytes, await feedsOf(lowered.inputs, [trained.state, trained.problem.batch]))
      : undefined;
  if (limit) contestants.push(contestant("limit", () => limit.run()));

  Object.assign(outcomes, await race(contestants, reps));
  await limit?.release();
  await trained.step.release();
  const { ours, limit: alone, ...others } = outcomes;
  return {
    title: titles[name],
    parameters: trained.parameters,
    flops: lowered.cost.flops / perCall,
    ours: scaled(ours!, 1 / perCall),
    peers: others,
    ...(alone && limit ? { limit: alone, products: limit.count } : {}),
    compile,
  };
}

/** Runs the chosen sections one after the other. */
export async function engine({ only, reps, peers, progress }: EngineOptions): Promise<Results> {
  const results: Results = { reps, steps: {} };
  for (const name of caseNames.filter((n) => only.includes(n))) {
    progress?.(titles[name]);
    results.steps[name] = await trainingStep(name, { reps, peers });
  }
  for (const peer of peers) peer.close();
  if (only.includes("sampling")) {
    progress?.("sampling");
    results.sampling = await sampling(reps);
  }
  if (only.includes("scan")) {
    progress?.("loops");
    results.scan = await scans(reps);
  }
  if (only.includes("overheads")) {
    progress?.("overheads");
    results.overheads = await overheads(reps);
  }
  if (only.includes("browser")) {
    progress?.("Chromium");
    results.browser = await browserSteps(results, reps);
  }
  return results;
}

async function browserSteps(results: Results, reps: number): Promise<NonNullable<Results["browser"]>> {
  try {
    // Vite and Playwright take seconds to load.
    const { inBrowser } = await import("./browser.js");
    const outcomes = await inBrowser(browserCases, reps);
    const rows: Partial<Record<CaseName, { outcome: Outcome; node: number }>> = {};
    for (const name of browserCases) {
      const node = (results.steps[name] ?? (await trainingStep(name, { reps, peers: [] }))).ours;
      rows[name] = { outcome: outcomes[name]!, node: isTiming(node) ? node.median : NaN };
    }
    return rows;
  } catch (error) {
    return errorOf(error);
  }
}
