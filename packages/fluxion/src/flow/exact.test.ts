import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { empiricalVelocity, gaussianVelocity } from "./exact.js";
import { sampleOde } from "./sample.js";
import { heun } from "./solver.js";

const f64 = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const points = [0, 0, 2, 1, -1, 3];

it("N(0,1) → N(μ, s²): v* = μ + (t·s² − (1−t))/(t²s² + (1−t)²)·(x − t·μ) (unit check 1)", async () => {
  const [mu, s, x, t] = [2, 0.5, 0.3, 0.4];
  const want = mu + ((t * s * s - (1 - t)) / (t * t * s * s + (1 - t) ** 2)) * (x - t * mu);
  expect(await gaussianVelocity({ mean: mu, std: s })(f64([x]), f64([t], [])).item()).toBeCloseTo(want, 14);
  const plain = ((2 * t - 1) * x) / (t * t + (1 - t) ** 2);
  expect(await gaussianVelocity()(f64([x]), f64([t], [])).item()).toBeCloseTo(plain, 14);
});

it("finite data: the field at t = 0 points to the mean, and its softmax form holds at t > 0 (unit check 2)", async () => {
  const x = f64([0.5, -1, 1, 1], [2, 2]);
  const start = await numbers(empiricalVelocity(f64(points, [3, 2]))(x, f64([0], [])));
  [1 / 3 - 0.5, 4 / 3 + 1, 1 / 3 - 1, 4 / 3 - 1].forEach((want, i) => expect(start[i]).toBeCloseTo(want, 14));
  const [t, s0, z] = [0.6, 1.5, [0.4, 0.9]];
  const data = [
    [0, 0],
    [2, 1],
    [-1, 3],
  ];
  const logits = data.map(
    (p) => -p.reduce((a, v, d) => a + (z[d]! - t * v) ** 2, 0) / (2 * (s0 * (1 - t)) ** 2),
  );
  const weights = logits.map((l) => Math.exp(l));
  const total = weights.reduce((a, b) => a + b);
  const want = [0, 1].map(
    (d) => data.reduce((a, p, i) => a + (weights[i]! / total) * (p[d]! - z[d]!), 0) / (1 - t),
  );
  const got = await numbers(empiricalVelocity(f64(points, [3, 2]), s0)(f64(z, [1, 2]), f64([t], [])));
  want.forEach((w, d) => expect(got[d]).toBeCloseTo(w, 12));
});

it("finite data: the exact flow ends on a data point, whatever the shape of an example", async () => {
  const velocity = empiricalVelocity(f64(points, [3, 1, 2]));
  const z = f64([0.3, -0.8, 1.2, 0.1, -1.5, 0.4, 0.2, 1.7], [4, 1, 2]);
  const end = sampleOde(velocity, z, { solver: heun, steps: 400, to: 0.9999 });
  expect(end.shape).toEqual([4, 1, 2]);
  const list = await numbers(end);
  for (let i = 0; i < 4; i++) {
    const distances = [0, 1, 2].map((k) =>
      Math.hypot(list[2 * i]! - points[2 * k]!, list[2 * i + 1]! - points[2 * k + 1]!),
    );
    expect(Math.min(...distances)).toBeLessThan(2e-3);
  }
});

it("refuses impossible distributions", () => {
  for (const options of [{ std: -1 }, { correlation: -1 }, { correlation: 1.1 }, { mu: 0 }]) {
    expect(() => gaussianVelocity(options as never)).toThrow(OptionError);
  }
  expect(() => empiricalVelocity(f64(points, [3, 2]), 0)).toThrow(OptionError);
});
