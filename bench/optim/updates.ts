// What an optimizer costs: its update of a tree of parameters alone, and a whole training step with it.
import { compile, evaluate, random, treeLeaves, valueAndGrad, type Tensor } from "fluxion";
import { applyUpdates, createOptimizer, optimizers, type Extra, type OptimizerName } from "fluxion/optim";
import { cases, type Case } from "../engine/cases.js";
import { problem } from "../engine/training.js";
import { contestant, isTiming, race, type Outcome } from "../timing.js";
import type { Peer } from "../peer.js";

export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/** What was measured of one optimizer. */
export interface OptimizerCost {
  /** One update of all parameters, in milliseconds. */
  update: Outcome;
  /** PyTorch's, the faster of foreach and its loop over tensors; absent where it has no such optimizer. */
  torch?: Outcome;
  /** A training step of the small GPT, in milliseconds. */
  step: Outcome;
  /** Bytes of state for a byte of parameters. */
  state: number;
}

/** The parameters of the DiT of the engine suite: 1.26 million in 60 tensors. */
const shaped = () => problem(cases.dit).init(random.key(0));
const gpt: Case = { ...cases.gpt, batch: 8, context: 32, width: 64, depth: 2, vocabulary: 96 };

const bytes = (tree: unknown): number =>
  treeLeaves(tree).reduce((sum, t) => sum + t.size * (t.dtype === "float64" ? 8 : 4), 0);

/** What an optimizer may ask for beside gradients, for an update by itself: a bowl as the objective. */
const extraOf = (key: Tensor): Extra => ({
  objective: (params: never) =>
    treeLeaves(params)
      .map((t) => t.square().sum())
      .reduce((a, b) => a.add(b)),
  key,
});

/** Times the update of all parameters by each optimizer in turn, and PyTorch's beside it. */
export async function updates(
  names: readonly OptimizerName[],
  { reps, torch }: { reps: number; torch: Peer | undefined },
): Promise<{ parameters: number; ours: Record<string, Outcome>; torch: Record<string, Outcome> }> {
  const start = shaped();
  const grads = shaped();
  const key = random.key(1);
  await evaluate([start, grads, key]);
  const shapes = treeLeaves(start).map((t) => [...t.shape]);
  const parameters = treeLeaves(start).reduce((sum, t) => sum + t.size, 0);
  const [ours, peers]: [Record<string, Outcome>, Record<string, Outcome>] = [{}, {}];
  for (const name of names) {
    const optimizer = createOptimizer(name, { learningRate: 1e-4 });
    type Carry = { params: object; state: unknown };
    const update = compile(({ params, state }: Carry, g: object, k: Tensor): Carry => {
      const out = optimizer.update(g, state, params, extraOf(k));
      return { params: applyUpdates(params, out.updates), state: out.state };
    });
    let carry: Carry = await evaluate({ params: start, state: optimizer.init(start) });
    const contestants = [contestant("ours", async () => (carry = await update(carry, grads, key)))];
    try {
      if (torch && (await torch.build({ optimizer: name, shapes })) === parameters)
        contestants.push({ name: "torch", run: (steps) => torch.run(steps) });
    } catch {
      // PyTorch has no such optimizer.
    }
    const times = await race(contestants, reps);
    ours[name] = times["ours"]!;
    if (times["torch"]) peers[name] = times["torch"];
    await update.release();
  }
  return { parameters, ours, torch: peers };
}

/** Times a training step of the small GPT with each optimizer, all in turns. */
export async function steps(
  names: readonly OptimizerName[],
  reps: number,
): Promise<{ parameters: number; times: Record<string, Outcome>; state: Record<string, number> }> {
  const { init, loss, batch } = problem(gpt);
  const params = init(random.key(0));
  const key = random.key(1);
  await evaluate([params, batch, key]);
  const state: Record<string, number> = {};
  const runs = await Promise.all(
    names.map(async (name) => {
      const optimizer = createOptimizer(name, { learningRate: 1e-4 });
      type Carry = { params: object; state: unknown };
      const step = compile(({ params: p, state: s }: Carry, data: typeof batch, k: Tensor): Carry => {
        const [value, grads] = valueAndGrad(loss)(p, data);
        const extra = { value, objective: (q: object) => loss(q, data), batch: data, key: k };
        const out = optimizer.update(grads, s, p, extra);
        return { params: applyUpdates(p, out.updates), state: out.state };
      });
      let carry: Carry = await evaluate({ params, state: optimizer.init(params) });
      state[name] = bytes(carry.state) / bytes(params);
      const run = contestant(name, async () => (carry = await step(carry, batch, key)));
      return { run, release: () => step.release() };
    }),
  );
  const times = await race(
    runs.map((r) => r.run),
    reps,
  );
  for (const { release } of runs) await release();
  return { parameters: treeLeaves(params).reduce((sum, t) => sum + t.size, 0), times, state };
}

/** Time of `a` to that of `b`; NaN where one is missing. */
export const ratioOf = (a: Outcome | undefined, b: Outcome | undefined): number =>
  isTiming(a) && isTiming(b) ? a.median / b.median : NaN;
