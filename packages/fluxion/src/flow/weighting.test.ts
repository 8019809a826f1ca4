import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { l2 } from "./metric.js";
import { cosMapTime, modeTime } from "./middle-time.js";
import { cosinePath, interpolate, linearPath } from "./path.js";
import { convertPrediction, targetOf, type Prediction } from "./prediction.js";
import { logitNormalTime } from "./time.js";
import { edmWeighting, lossWeight, plainWeighting, sechWeighting, vWeighting } from "./weighting.js";

const grid = [0.05, 0.2, 0.5, 0.8, 0.95];
const t = tensor(grid, { dtype: "float64" });
const numbers = async (x: Tensor): Promise<number[]> => Array.from(await x.data(), Number);
const constant = async (x: Tensor, want?: number): Promise<void> => {
  const list = await numbers(x);
  for (const v of list) expect(v).toBeCloseTo(want ?? list[0]!, 10);
};

it("the plain velocity of the linear path weighs noise errors by 1/t² and log-SNRs by (1 − t)/t", async () => {
  const path = linearPath();
  await constant(lossWeight(path, "velocity", plainWeighting("velocity"))(t), 1);
  const noise = await numbers(lossWeight(path, "noise", plainWeighting("velocity"))(t));
  const levels = await numbers(plainWeighting("velocity")(path, t));
  grid.forEach((at, i) => {
    expect(noise[i]).toBeCloseTo(1 / at ** 2, 8);
    expect(levels[i]).toBeCloseTo((1 - at) / at, 10);
  });
});

it("on the cosine path e^(−λ/2) is the plain v loss and sech(λ/2) the plain noise loss, up to a factor", async () => {
  await constant(lossWeight(cosinePath(), "v", vWeighting)(t), Math.PI / 2);
  await constant(lossWeight(cosinePath(), "noise", sechWeighting)(t), Math.PI);
});

it("every plain loss is one in its own space", async () => {
  for (const path of [linearPath(), cosinePath()])
    for (const space of ["velocity", "data", "noise", "v", "score"] as const)
      await constant(lossWeight(path, space, plainWeighting(space))(t), 1);
});

it("a weighted loss has the same value in every space, example by example", async () => {
  const [x0, x1, out] = [1, 2, 3].map((seed) => normal(key(seed), [5, 3], { dtype: "float64" }));
  for (const path of [linearPath(), cosinePath()]) {
    const { xt } = interpolate(path, x0!, x1!, t);
    for (const weighting of [plainWeighting("velocity"), edmWeighting(), sechWeighting]) {
      const losses = (["noise", "velocity", "data", "v", "score"] as Prediction[]).map((space) => {
        const got = convertPrediction(path, "noise", space, out!, xt, t);
        return l2()(got, targetOf(path, space, x0!, x1!, t)).mul(lossWeight(path, space, weighting)(t));
      });
      const want = await numbers(losses[0]!);
      for (const loss of losses)
        (await numbers(loss)).forEach((v, i) => expect(v / want[i]!).toBeCloseTo(1, 8));
    }
  }
});

it("EDM's weighting, by hand at λ = 0", async () => {
  const half = tensor([0.5], { dtype: "float64" });
  const want = (Math.exp(-0.5) / (2.4 * Math.sqrt(2 * Math.PI))) * 1.25;
  expect(await edmWeighting()(linearPath(), half).item()).toBeCloseTo(want, 10);
  for (const wrong of [{ std: 0 }, { dataStd: -1 }, { mean: NaN }, { pStd: 1 }])
    expect(() => edmWeighting(wrong as never)).toThrow(OptionError);
});

it("drawing times from a density is weighting uniform times by it: one or the other", async () => {
  const loss = (at: number): number => (1 - at) ** 2 + 0.1;
  for (const time of [logitNormalTime(), modeTime(), cosMapTime()]) {
    const draws = await numbers(time.sample(key(4), 40_000));
    const drawn = draws.reduce((sum, at) => sum + loss(at), 0) / draws.length;
    let weighted = 0;
    for (let i = 0; i < 2000; i++)
      weighted += (time.density!((i + 0.5) / 2000) * loss((i + 0.5) / 2000)) / 2000;
    expect(drawn / weighted).toBeCloseTo(1, 1.7);
  }
});
