import { expect, it } from "vitest";
import { OptionError, ShapeError, stack, tensor, type Tensor } from "../index.js";
import { acceleration, curvature, inspectFlow, straightness, transportCost } from "./diagnostics.js";
import { gaussianVelocity } from "./exact.js";
import { sampleOde, sampleTrajectory } from "./sample.js";
import { rk4 } from "./solver.js";

const f64 = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

/** S of the exact flow between unit Gaussians: the flow is linear in z, so z = 1 stands for E z² = 1. */
const straightnessOf = (correlation: number): Promise<number> =>
  straightness(
    sampleTrajectory(gaussianVelocity({ correlation }), f64([1]), { solver: rk4, steps: 800 }),
  ).item();

it("straightness of N(0,1) → N(0,1), independent, is 2 − π/2 (unit check 1)", async () => {
  expect(await straightnessOf(0)).toBeCloseTo(2 - Math.PI / 2, 5);
});

it("straightness of correlated Gaussians has its closed form (unit check 4)", async () => {
  for (const rho of [0.5, -0.4]) {
    const k = (1 + rho) / (1 - rho);
    const want = (1 - rho) * (2 - 2 * Math.sqrt(k) * Math.atan(1 / Math.sqrt(k)));
    expect(await straightnessOf(rho)).toBeCloseTo(want, 5);
    if (rho === 0.5) expect(want).toBeCloseTo(0.0931, 4);
  }
  expect(await straightnessOf(1)).toBeLessThan(1e-12);
});

it("sums over features on request", async () => {
  const trajectory = sampleTrajectory((x, t) => x.mul(t), f64([1, 2, 3, 4, 5, 6], [2, 3]), { steps: 4 });
  const [m, s] = await numbers(
    stack([straightness(trajectory), straightness(trajectory, { reduce: "sum" })]),
  );
  expect(s).toBeCloseTo(3 * m!, 12);
  const [a, b] = [f64([0, 0, 1, 1], [2, 2]), f64([1, -2, 1, 4], [2, 2])];
  const costs = [{}, { p: 1 }, { p: 4 }, { reduce: "sum" as const, p: 1 }].map((o) => transportCost(a, b, o));
  expect(await numbers(stack(costs))).toEqual([14 / 4, 6 / 4, 98 / 4, 3]);
});

it("curvature is the largest deviation over the chord, whatever the speed", async () => {
  const half = Array.from({ length: 101 }, (_, i) => (Math.PI * i) / 100);
  const circle = f64(
    half.flatMap((a) => [Math.cos(a), Math.sin(a)]),
    [101, 1, 2],
  );
  expect(await curvature(circle).item()).toBeCloseTo(0.5, 10);
  const line = f64(
    [0, 0.1, 0.5, 0.95, 1].flatMap((s) => [s, 2 * s]),
    [5, 1, 2],
  );
  expect(await curvature(line).item()).toBeLessThan(1e-12);
  // A path that returns has no chord; it must not give NaN.
  expect(Number.isFinite(await curvature(f64([1, 2, 1], [3, 1, 1])).item())).toBe(true);
});

it("acceleration: (x + 1)/(1 + t) is straight; −x turns by x", async () => {
  const x = f64([0.3, -2]);
  const t = f64([0.4], []);
  const [straight, decay] = [
    acceleration((s, u) => s.add(1).div(u.add(1)), x, t),
    acceleration((s) => s.neg(), x, t),
  ];
  expect((await numbers(straight)).every((v) => Math.abs(v) < 1e-14)).toBe(true);
  expect(await numbers(decay)).toEqual([0.3, -2]);
});

it("refuses what is no trajectory, option or pair", () => {
  expect(() => straightness(f64([1, 2], [1, 2]))).toThrow(ShapeError);
  expect(() => curvature(f64([1, 2]))).toThrow(ShapeError);
  const x = f64([1, 2], [2, 1]);
  expect(() => straightness(x, { reduce: "max" } as never)).toThrow(OptionError);
  expect(() => straightness(x, { mean: true } as never)).toThrow(OptionError);
  expect(() => transportCost(x, x, { p: 0.5 })).toThrow(OptionError);
  expect(() => transportCost(x, f64([1, 2]))).toThrow(ShapeError);
});

it("inspects a flow: its paths, their measures, and where fewer steps end", async () => {
  const velocity = gaussianVelocity({ correlation: 0 });
  const z = f64([-1, 0.5, 2], [3, 1]);
  const seen = inspectFlow(velocity, z, { steps: 8, counts: [1, 2, 8] });
  expect(seen.trajectory.shape).toEqual([9, 3, 1]);
  const trajectory = sampleTrajectory(velocity, z, { steps: 8 });
  const measures = [straightness(trajectory), curvature(trajectory), transportCost(z, trajectory.slice(-1))];
  expect(await numbers(stack([seen.straightness, seen.curvature, seen.cost]))).toEqual(
    await numbers(stack(measures)),
  );
  for (const [i, steps] of [1, 2, 8].entries()) {
    expect(await numbers(seen.ends[i]!)).toEqual(await numbers(sampleOde(velocity, z, { steps })));
  }
  const short = inspectFlow(velocity, z, { steps: 4, to: 0.5 });
  expect(await numbers(short.ends[0]!)).toEqual(await numbers(sampleOde(velocity, z, { steps: 1, to: 0.5 })));
  expect(() => inspectFlow(velocity, z, { step: 3 } as never)).toThrow(OptionError);
});
