import { expect, it } from "vitest";
import { compile, random, type Tensor, tensor } from "../index.js";
import { ancestral, ancestralStep } from "./ancestral.js";
import { gaussianVelocity } from "./exact.js";
import { cosinePath, linearPath } from "./path.js";
import { sampleOde, sampleTrajectory } from "./sample.js";
import { ddim } from "./solver.js";

const key = random.key(4);
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const momentsOf = (values: number[]): [number, number] => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)];
};

it("keeps the distribution of an exact flow at every time", async () => {
  const velocity = gaussianVelocity({ mean: 1.5, std: 0.5 });
  const x0 = random.normal(random.key(1), [20_000, 1]);
  const sample = compile((x: Tensor, k: Tensor) =>
    sampleTrajectory(velocity, x, { steps: 100, solver: ancestral({ key: k }) }),
  );
  const way = await sample(x0, key);
  for (const [i, t] of [
    [50, 0.5],
    [80, 0.8],
    [100, 1],
  ] as const) {
    const [mean, std] = momentsOf(await numbers(way.slice(i)));
    expect(mean).toBeCloseTo(1.5 * t, 1);
    expect(std).toBeCloseTo(Math.hypot(0.5 * t, 1 - t), 1);
  }
  await sample.release();
});

it("with eta 0 is ddim, with the same key the same, with another one another", async () => {
  const velocity = gaussianVelocity({ mean: 1, std: 0.3 });
  const x0 = random.normal(random.key(1), [5, 2]);
  const run = (options: { eta?: number; key?: Tensor }) =>
    numbers(sampleOde(velocity, x0, { steps: 7, solver: ancestral({ key, ...options }) }));
  const plain = await numbers(sampleOde(velocity, x0, { steps: 7, solver: ddim() }));
  (await run({ eta: 0 })).forEach((v, i) => expect(v).toBeCloseTo(plain[i]!, 5));
  expect(await run({})).toEqual(await run({}));
  expect(await run({})).not.toEqual(await run({ key: random.key(5) }));
});

it("has the posterior of the path as its step, and no noise in the last one", async () => {
  const f64 = (v: number): Tensor => tensor(v, { dtype: "float64" });
  const ends = { data: f64(0.7), noise: f64(-1.1) };
  for (const path of [linearPath(), cosinePath()]) {
    const [t, next] = [f64(0.3), f64(0.5)];
    const { mean, std } = ancestralStep(path, ends, t, next, 1);
    const c = async (at: Tensor) =>
      [await path.at(at).alpha.item(), await path.at(at).sigma.item()].map(Number);
    const [[a, s], [b, r]] = [await c(t), await c(next)] as [[number, number], [number, number]];
    // Of x_next = b·data + r·noise given data and x_t = a/b·x_next + N(0, s² − (a·r/b)²).
    const spread = s * s - ((a * r) / b) ** 2;
    const [x, prior] = [a * 0.7 + s * -1.1, r * r];
    const gain = (prior * (a / b)) / ((a / b) ** 2 * prior + spread);
    expect(await mean.item()).toBeCloseTo(b * 0.7 + gain * (x - a * 0.7), 10);
    expect(Number(await std.item()) ** 2).toBeCloseTo(prior * (1 - gain * (a / b)), 10);
    const last = ancestralStep(path, ends, f64(0.9), f64(1), 1);
    expect(await last.std.item()).toBeCloseTo(0, 12);
    expect(await last.mean.item()).toBeCloseTo(0.7, 12);
  }
});

it("refuses what makes no sense", () => {
  expect(() => ancestral({ key, eta: 1.5 })).toThrow(/eta/);
  expect(() => ancestral({ key, etta: 1 } as never)).toThrow(/etta/);
});
