// Loops: what a longer `scan` costs to compile (nothing more, it should be) and a step of it to run.
import { compile, concat, evaluate, grad, random, treeLeaves, type Compiled, type Tensor } from "fluxion";
import { sampleOde, velocityOf } from "fluxion/flow";
import { mlp } from "fluxion/nn";
import { contestant, isTiming, race, type Timing } from "../timing.js";
import { uniform } from "./training.js";

/** One loop length. */
export interface ScanRow {
  steps: number;
  /** Milliseconds of writing the graph and of loading it. */
  emit: number;
  load: number;
  /** Milliseconds of the whole loop. */
  run: Timing;
}

const BATCH = 256;

/**
 * Euler's method on the velocity of an MLP (3x64, 256 points in the plane), and the gradient of its end point by the
 * parameters, for loops of 10, 100 and 1000 steps.
 */
export async function scans(reps: number): Promise<{ sample: ScanRow[]; gradient: ScanRow[] }> {
  const model = mlp({ inputs: 3, hidden: [64, 64, 64], outputs: 2 });
  const params = model.init(random.key(0));
  const x = uniform(BATCH, 2);
  await evaluate([...treeLeaves(params), x]);
  type Params = typeof params;
  const velocity = (p: Params, at: Tensor, t: Tensor): Tensor =>
    model.apply(p, concat([at, t.reshape([BATCH, 1])], 1));
  const row = async (steps: number, step: Compiled<[Params, Tensor], unknown>): Promise<ScanRow> => {
    const run = (await race([contestant("loop", () => step(params, x))], reps))["loop"]!;
    if (!isTiming(run)) throw new Error(run.error);
    const { emitMs, loadMs } = step.stats[0]!;
    await step.release();
    return { steps, emit: emitMs, load: loadMs, run };
  };
  const rows = { sample: [] as ScanRow[], gradient: [] as ScanRow[] };
  // The first round only warms up JavaScript's own compiler, whose time is not the loop's.
  for (const steps of [10, 10, 100, 1000]) {
    const end = (p: Params, start: Tensor): Tensor => sampleOde(velocityOf(velocity, p), start, { steps });
    rows.sample.push(await row(steps, compile(end)));
    const energy = (p: Params, start: Tensor): Tensor => end(p, start).square().mean();
    rows.gradient.push(await row(steps, compile(grad(energy))));
  }
  return { sample: rows.sample.slice(1), gradient: rows.gradient.slice(1) };
}
