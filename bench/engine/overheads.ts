// Where a step's time goes beside the model: the optimizer, and random numbers drawn inside the graph.
import { compile, evaluate, grad, random, treeLeaves, type Tensor } from "fluxion";
import { adam, applyUpdates } from "fluxion/optim";
import { cases } from "./cases.js";
import { contestant, race, type Outcome } from "../timing.js";
import { problem, type State } from "./training.js";

/** Milliseconds of one call on the DiT case. */
export interface Overheads {
  loss: Outcome;
  gradient: Outcome;
  /** With Adam's update. */
  step: Outcome;
  /** With Adam's update, and the noise and the times of the batch drawn by threefry in the graph. */
  noisyStep: Outcome;
}

/** Times the parts of the DiT step. */
export async function overheads(reps: number): Promise<Overheads> {
  const { init, loss, batch } = problem(cases.dit);
  const optimizer = adam({ learningRate: 1e-3 });
  const params = init(random.key(0));
  const state: State = { params, opt: optimizer.init(params) };
  const key = random.key(1);
  await evaluate([...treeLeaves(state), key]);
  const update = (s: State, data: typeof batch): State => {
    const grads = grad(loss)(s.params, data);
    const { updates, state: opt } = optimizer.update(grads, s.opt, s.params);
    return { params: applyUpdates(s.params, updates), opt };
  };
  const draw = (k: Tensor): typeof batch => {
    const noise = random.normal(random.foldIn(k, 0), batch.x.shape);
    const t = random.uniform(random.foldIn(k, 1), [batch.x.shape[0]!]);
    const weight = t.reshape([t.size, 1, 1, 1]);
    const mixed = batch.x.mul(weight).add(noise.mul(weight.neg().add(1)));
    return { x: mixed, y: batch.x.sub(noise), t };
  };
  const programs = {
    loss: compile((s: State) => loss(s.params, batch)),
    gradient: compile((s: State) => grad(loss)(s.params, batch)),
    step: compile((s: State) => update(s, batch)),
    noisyStep: compile((s: State, k: Tensor) => update(s, draw(k))),
  };
  const times = await race(
    [
      contestant("loss", () => programs.loss(state)),
      contestant("gradient", () => programs.gradient(state)),
      contestant("step", () => programs.step(state)),
      contestant("noisyStep", () => programs.noisyStep(state, key)),
    ],
    reps,
  );
  for (const program of Object.values(programs)) await program.release();
  return times as unknown as Overheads;
}
