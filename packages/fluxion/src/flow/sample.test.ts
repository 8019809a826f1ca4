import { expect, it } from "vitest";
import { compile, grad, OptionError, stack, tensor, vmap, type Tensor } from "../index.js";
import { gaussianVelocity } from "./exact.js";
import {
  functionEvaluations,
  heunIn,
  sampleOde,
  sampleOdeAsync,
  sampleTrajectory,
  timeGrid,
  type AsyncVelocity,
  type SampleOptions,
  type Velocity,
} from "./sample.js";
import { euler, heun, rk4, solvers } from "./solver.js";

const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

it("Euler and Heun multiply a standard normal by the dossier's factors (unit check 1)", async () => {
  const multipliers = async (list: number[], options: SampleOptions): Promise<number[]> =>
    numbers(stack(list.map((steps) => sampleOde(gaussianVelocity(), f64([1]), { ...options, steps }))));
  const euler = await multipliers([1, 2, 4, 8, 100], {});
  [0, 0.5, 0.72, 0.8508218, 0.9872278].forEach((want, i) => expect(euler[i]).toBeCloseTo(want, 6));
  const second = await multipliers([1, 2, 4], { solver: heun });
  [0.5, 0.9375, 0.99].forEach((want, i) => expect(second[i]).toBeCloseTo(want, 10));
});

it("the Gaussian flow ends at mean + std·z", async () => {
  const z = f64([-2, 0, 0.7]);
  const end = sampleOde(gaussianVelocity({ mean: 3, std: 0.5 }), z, { solver: rk4, steps: 200 });
  (await numbers(end)).forEach((v, i) => expect(v).toBeCloseTo(3 + 0.5 * [-2, 0, 0.7][i]!, 6));
});

it("a straight coupling is exact in one Euler step (unit check 4)", async () => {
  // X1 = 2·X0 + 1: v*(x, t) = (x + 1)/(1 + t).
  const velocity: Velocity = (x, t) => x.add(1).div(t.add(1));
  expect(await numbers(sampleOde(velocity, f64([-1, 0, 2]), { steps: 1 }))).toEqual([-1, 1, 5]);
  expect(
    await numbers(
      sampleOde(gaussianVelocity({ mean: 1, std: 2, correlation: 1 }), f64([-1, 0, 2]), { steps: 1 }),
    ),
  ).toEqual([-1, 1, 5]);
});

it("the trajectory holds the start, every step and the end", async () => {
  const velocity: Velocity = (x, t) => x.mul(t);
  for (const steps of [1, 5]) {
    const all = sampleTrajectory(velocity, f64([1, 2]), { steps });
    expect(all.shape).toEqual([steps + 1, 2]);
    expect(await numbers(all.slice(0))).toEqual([1, 2]);
    expect(await numbers(all.slice(-1))).toEqual(await numbers(sampleOde(velocity, f64([1, 2]), { steps })));
  }
  const states = await numbers(sampleTrajectory(velocity, f64([1]), { grid: [0, 0.5, 0.75, 1] }));
  [1, 1, 1.125, 1.125 * (1 + 0.75 * 0.25)].forEach((want, i) => expect(states[i]).toBeCloseTo(want, 14));
});

it("descending time inverts the flow", async () => {
  const v = gaussianVelocity({ mean: 1, std: 2 });
  const end = sampleOde(v, f64([0.3, -1]), { solver: rk4, steps: 100 });
  const back = sampleOde(v, end, { solver: rk4, steps: 100, from: 1, to: 0 });
  (await numbers(back)).forEach((x, i) => expect(x).toBeCloseTo([0.3, -1][i]!, 6));
});

it("the asynchronous sampler takes the same steps", async () => {
  const velocity: Velocity = (x, t) => x.sin().mul(t.add(1));
  const slow = async (x: Tensor, t: Tensor): Promise<Tensor> =>
    tensor((await velocity(x, t).data()).slice(), { shape: x.shape });
  const x = tensor([
    [0.3, -1],
    [2, 0.1],
  ]);
  for (const solver of Object.values(solvers)) {
    const [a, b] = [
      sampleOde(velocity, x, { solver, steps: 3 }),
      await sampleOdeAsync(slow, x, { solver, steps: 3 }),
    ];
    expect(await a.sub(b).abs().max().item(), solver.name).toBeLessThan(1e-6);
  }
});

it("gradients flow through a sampler, and it maps over examples", async () => {
  // dx/dt = a·x by Euler: x(1) = (1 + a/n)^n, so d/da = (1 + a/n)^(n−1).
  const end = (a: Tensor): Tensor => sampleOde((x) => x.mul(a), f64([1]), { steps: 10 }).sum();
  expect(await grad(end)(tensor(0.5, { dtype: "float64" })).item()).toBeCloseTo(1.05 ** 9, 12);
  const one = (x: Tensor, a: Tensor): Tensor => sampleOde((s) => s.mul(a), x, { steps: 4, solver: heun });
  const [xs, as] = [f64([1, 2, 3]), f64([0.1, 0.2, -0.3])];
  const mapped = await numbers(vmap(one)(xs, as));
  const factor = (a: number): number => (1 + a / 4 + a ** 2 / 32) ** 4;
  [factor(0.1), 2 * factor(0.2), 3 * factor(-0.3)].forEach((want, i) =>
    expect(mapped[i]).toBeCloseTo(want, 12),
  );
});

it("a compiled sampler's graph does not grow with the number of steps", async () => {
  const nodes = (steps: number): number => {
    const sampler = compile((x: Tensor) => sampleOde((s, t) => s.mul(t).sin(), x, { steps }));
    return sampler.lower(f64([1])).nodes;
  };
  expect(nodes(500)).toBe(nodes(5));
});

it("times: equal steps, given grids, and what is refused", () => {
  expect(timeGrid({ steps: 4 })).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(timeGrid({ steps: 2, from: 1, to: 0 })).toEqual([1, 0.5, 0]);
  expect(timeGrid({ steps: 3 })[3]).toBe(1);
  expect(timeGrid({ grid: [1, 0.3, 0] })).toEqual([1, 0.3, 0]);
  expect(functionEvaluations({ solver: heun, steps: 7 })).toBe(14);
  const bad: SampleOptions[] = [
    ...[{ steps: 0 }, { steps: 2.5 }, { steps: NaN }, { from: 0.5, to: 0.5 }, { to: Infinity }],
    ...[{ grid: [] }, { grid: [0] }, { grid: [0, 1, 0.5] }, { grid: [0, 0] }, { grid: [0, NaN, 1] }],
  ];
  for (const options of bad) expect(() => timeGrid(options), JSON.stringify(options)).toThrow(OptionError);
  const velocity: Velocity = (x) => x;
  expect(() => sampleOde(velocity, f64([1]), { stpes: 3 } as SampleOptions)).toThrow(/stpes/);
});

it("the asynchronous sampler refuses what the other refuses", async () => {
  await expect(sampleOdeAsync((x) => x, f64([1]), { steps: -1 })).rejects.toThrow(OptionError);
  await expect(sampleOdeAsync((x) => x, f64([1]), { n: 1 } as SampleOptions)).rejects.toThrow(OptionError);
});

it("the last step may be another one: Heun in an odd number of evaluations, the end never asked for", async () => {
  const times: number[] = [];
  const counted: AsyncVelocity = async (x, t) => (times.push(await t.item()), x);
  await sampleOdeAsync(counted, f64([1]), heunIn(5));
  expect(times.map((t) => Number(t.toFixed(6)))).toEqual([0, 0.333333, 0.333333, 0.666667, 0.666667]);
  expect([1, 3, 5].map((n) => functionEvaluations(heunIn(n)))).toEqual([1, 3, 5]);
  const way: Velocity = (x, t) => x.sin().add(t);
  const whole = sampleTrajectory(way, f64([0.4]), heunIn(5));
  const first = sampleOde(way, f64([0.4]), { solver: heun, steps: 2, to: 2 / 3 });
  const end = sampleOde(way, first, { solver: euler, steps: 1, from: 2 / 3 });
  const got = await numbers(whole);
  expect(got).toHaveLength(4);
  expect(got[2]).toBeCloseTo(await first.item(), 12);
  expect(got[3]).toBeCloseTo(await end.item(), 12);
  expect(await sampleOde(way, f64([0.4]), heunIn(5)).item()).toBeCloseTo(got[3]!, 14);
  for (const n of [0, 2, 1.5]) expect(() => heunIn(n)).toThrow(OptionError);
});
