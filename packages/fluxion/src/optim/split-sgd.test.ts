import { expect, it } from "vitest";
import { evaluate, OptionError, tensor, valueAndGrad, type Tensor } from "../index.js";
import {
  applyUpdates,
  chain,
  scale,
  signSgd,
  splitSgd,
  topFractionThreshold,
  trace,
  sgd,
  type Transform,
} from "./index.js";

const curvatures = tensor([1, 10, 100, 1000], { dtype: "float64" });
const bowl = (p: Tensor): Tensor => p.square().mul(curvatures).sum().mul(0.5);

async function path(optimizer: Transform, steps: number): Promise<number[][]> {
  let p: Tensor = tensor([1, 1, 1, 1], { dtype: "float64" });
  let state = optimizer.init(p);
  const points: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const { updates, state: next } = optimizer.update(valueAndGrad(bowl)(p)[1], state, p);
    p = await evaluate(applyUpdates(p, updates));
    state = next;
    points.push([...((await p.data()) as Float64Array)]);
  }
  return points;
}
const close = (got: readonly number[][], want: readonly number[][]): void =>
  want.flat().forEach((value, i) => expect(Math.abs(value - got.flat()[i]!)).toBeLessThan(1e-12));

const rates = { learningRate: 0.01, signLearningRate: 0.1 };

it("moves small velocities by descent and large ones by their sign", async () => {
  close(await path(splitSgd({ ...rates, threshold: 5 }), 3), [
    [0.999, 0.99, 0.9, 0.9],
    [0.997101, 0.9711, 0.8, 0.8],
    [0.994394799, 0.944379, 0.7, 0.7],
  ]);
});

it("is momentum with dampening for threshold ∞, and momentum by signs for 0", async () => {
  const damped = chain(scale(0.1), trace(0.9), sgd({ learningRate: 0.01 }));
  close(await path(splitSgd(rates), 4), await path(damped, 4));
  const signs = chain(scale(0.1), trace(0.9), signSgd({ learningRate: 0.1 }));
  close(await path(splitSgd({ ...rates, threshold: 0 }), 4), await path(signs, 4));
});

it("takes its threshold from the first gradients", async () => {
  const g = valueAndGrad(bowl)(tensor([1, 1, 1, 1], { dtype: "float64" }))[1];
  expect(await topFractionThreshold(g, 0.25).item()).toBe(100);
});

it("refuses wrong options", () => {
  for (const options of [{ threshold: -1 }, { momentum: 1 }, { dampening: -0.1 }, { signLearningRate: -1 }])
    expect(() => splitSgd(options)).toThrow(OptionError);
  expect(() => splitSgd({ r: 1 } as never)).toThrow(OptionError);
});
