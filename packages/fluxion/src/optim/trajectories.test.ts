import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, scan, tensor, valueAndGrad, type Tensor } from "../index.js";
import { applyUpdates, createOptimizer } from "./index.js";

interface Case {
  optimizer: string;
  options: object;
  trajectory: number[][];
}

const reference = JSON.parse(readFileSync(new URL("./trajectories.json", import.meta.url), "utf8")) as {
  origin: string;
  cases: Case[];
};

const weights = tensor([0.5, 5], { dtype: "float64" });
const loss = (p: Tensor): Tensor => p.square().mul(weights).sum();

describe(reference.origin, () => {
  it.each(reference.cases)("$optimizer $options", async ({ optimizer, options, trajectory }) => {
    const t = createOptimizer(optimizer, options);
    const run = compile((start: Tensor) =>
      scan(
        ({ p, state }: { p: Tensor; state: unknown }): [{ p: Tensor; state: unknown }, Tensor] => {
          const [, grads] = valueAndGrad(loss)(p);
          const { updates, state: next } = t.update(grads, state, p);
          const moved = applyUpdates(p, updates);
          return [{ p: moved, state: next }, moved];
        },
        { p: start, state: t.init(start) },
        undefined,
        { length: trajectory.length },
      ),
    );
    const [, path] = await run(tensor([1, 1], { dtype: "float64" }));
    const got = await path.data();
    trajectory.flat().forEach((want, i) => expect(Math.abs(Number(got[i]) - want)).toBeLessThan(1e-12));
    await run.release();
  });
});

/** PyTorch has no Lion: the recurrence by hand, in double. */
it("lion follows its recurrence", async () => {
  const [rate, b1, b2, decay] = [0.05, 0.8, 0.9, 0.1];
  const t = createOptimizer("lion", { learningRate: rate, b1, b2, weightDecay: decay });
  let p = tensor([1, 1], { dtype: "float64" });
  let state = t.init(p);
  const hand = [1, 1];
  const m = [0, 0];
  for (let k = 0; k < 10; k++) {
    const g = [hand[0]!, 10 * hand[1]!];
    for (const i of [0, 1]) {
      hand[i]! -= rate * (Math.sign(b1 * m[i]! + (1 - b1) * g[i]!) + decay * hand[i]!);
      m[i] = b2 * m[i]! + (1 - b2) * g[i]!;
    }
    const step = t.update(valueAndGrad(loss)(p)[1], state, p);
    p = applyUpdates(p, step.updates);
    state = step.state;
    const got = await p.data();
    hand.forEach((want, i) => expect(Math.abs(Number(got[i]) - want)).toBeLessThan(1e-12));
  }
});
