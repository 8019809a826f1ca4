import { expect, it } from "vitest";
import { tensor, type Tensor } from "../index.js";
import { edmPath, vpPath } from "./diffusion-path.js";
import { cosinePath, linearPath, type Path } from "./path.js";
import { convertPrediction } from "./prediction.js";
import { sampleOde, type Velocity } from "./sample.js";
import { ddim, reinterpolate, euler, heun, midpoint, rk4, solvers } from "./solver.js";

const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
/** dx/dt = −x + sin 3t: solved by C·e^(−t) + (sin 3t − 3 cos 3t)/10. */
const forced: Velocity = (x, t) => t.mul(3).sin().sub(x);
const exact = (x0: number): number => (x0 + 0.3) * Math.exp(-1) + (Math.sin(3) - 3 * Math.cos(3)) / 10;

it.each(Object.values(solvers).map((s) => [s.name, s] as const))(
  "%s: the error falls as dt^order",
  async (_, solver) => {
    const x0 = f64([1, -0.4]);
    const want = f64([exact(1), exact(-0.4)]);
    const errors: number[] = [];
    for (const steps of [20, 40])
      errors.push(await sampleOde(forced, x0, { solver, steps }).sub(want).abs().max().item());
    expect(Math.log2(errors[0]! / errors[1]!)).toBeCloseTo(solver.order, 0);
    expect(errors[1]).toBeLessThan(0.1 ** solver.order);
  },
);

it("a polynomial of the order's degree in t is integrated exactly", async () => {
  for (const [solver, degree] of [
    [euler, 0],
    [heun, 1],
    [midpoint, 1],
    [rk4, 3],
  ] as const) {
    const velocity: Velocity = (x, t) => x.mul(0).add(t.pow(degree).mul(degree + 1));
    expect(await sampleOde(velocity, f64([2]), { solver, steps: 1 }).item()).toBeCloseTo(3, 12);
  }
});

it("each solver evaluates as often as it says", async () => {
  for (const solver of [...Object.values(solvers), ddim()]) {
    let calls = 0;
    const counted: Velocity = (x) => (calls++, x);
    sampleOde(counted, f64([1]), { solver, steps: 1 });
    expect(calls, solver.name).toBe(solver.evaluations);
  }
});

it("on the linear path a DDIM step is Euler's step", async () => {
  const velocity: Velocity = (x, t) => x.sin().add(t);
  const gap = sampleOde(velocity, f64([0.3, -2]), { solver: ddim(), steps: 7 }).sub(
    sampleOde(velocity, f64([0.3, -2]), { steps: 7 }),
  );
  expect(await gap.abs().max().item()).toBeLessThan(1e-14);
});

it("DDIM is exact in one step where data and noise are constant, on any path", async () => {
  const [data, noise] = [f64([2, -1]), f64([0.5, 1.5])];
  for (const path of [linearPath(), cosinePath(), vpPath()] satisfies Path[]) {
    const start = path.at(f64([0.2]));
    const x = start.alpha.mul(data).add(start.sigma.mul(noise));
    const velocity: Velocity = (state, t) => convertPrediction(path, "data", "velocity", data, state, t);
    const end = path.at(f64([0.9]));
    const want = end.alpha.mul(data).add(end.sigma.mul(noise));
    const got = sampleOde(velocity, x, { solver: ddim(path), steps: 1, from: 0.2, to: 0.9 });
    expect(await got.sub(want).abs().max().item()).toBeLessThan(1e-12);
  }
});

it("re-interpolating is Euler for one and two steps with any model, from three on only for a constant velocity", async () => {
  const velocity: Velocity = (x, t) => x.sin().add(t.square()).mul(2);
  const z = f64([0.3, -2]);
  const gap = async (v: Velocity, steps: number): Promise<number> => {
    const other = sampleOde(v, z, { solver: reinterpolate(), steps });
    return other
      .sub(sampleOde(v, z, { steps }))
      .abs()
      .max()
      .item();
  };
  for (const steps of [1, 2]) expect(await gap(velocity, steps)).toBeLessThan(1e-14);
  for (const steps of [3, 4, 9]) expect(await gap(velocity, steps)).toBeGreaterThan(1e-3);
  for (const steps of [1, 2, 3, 9]) expect(await gap((x) => x.mul(0).add(1.5), steps)).toBeLessThan(1e-14);
});

it("re-interpolating on a path that starts at sigma(0)·z goes with that z", async () => {
  const [data, z] = [f64([2, -1]), f64([0.5, 1.5])];
  const path = edmPath();
  const velocity: Velocity = (state, t) => convertPrediction(path, "data", "velocity", data, state, t);
  const got = sampleOde(velocity, z.mul(80), { solver: reinterpolate(path), steps: 3 });
  expect(
    await got
      .sub(data.add(z.mul(0.002)))
      .abs()
      .max()
      .item(),
  ).toBeLessThan(1e-12);
});
