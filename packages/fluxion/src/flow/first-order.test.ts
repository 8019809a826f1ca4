// First-order paths: what rectified diffusion (arXiv 2410.07303) rests on.
import { expect, it } from "vitest";
import { OptionError, ShapeError, stack, tensor, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { pairsCoupling } from "./coupling.js";
import { curvature, lossProfile, noiseVariance } from "./diagnostics.js";
import { constantSpeedVpPath, edmPath, subVpPath, vpPath } from "./diffusion-path.js";
import { discretePath } from "./discrete-path.js";
import { l2 } from "./metric.js";
import { flowLoss } from "./objective.js";
import { cosinePath, customPath, interpolate, linearPath, type Path } from "./path.js";
import { endsThrough, pointOf, type FlowModel } from "./prediction.js";
import { sampleOde, sampleTrajectory, timeGrid } from "./sample.js";
import { ddim } from "./solver.js";
import { fixedTime } from "./time.js";
import { velocityOf } from "./velocity.js";

const f64 = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const at = (t: number): Tensor => f64([t], []);
const data = f64([2, -1, 0.3, 0.7, -0.2, 1.1], [3, 2]);
const noise = f64([0.5, 1.5, -1, 0.1, 2, -0.4], [3, 2]);
/** A model that knows each example's noise. */
const oracle: FlowModel<Tensor> = (stored, x) => stored.add(x.mul(0));

const paths: [Path, number][] = [
  [vpPath(), 0],
  [discretePath(), 0],
  [cosinePath(), 0.02],
  [subVpPath(), 0],
  [edmPath(), 0],
  // Without any signal at its start, noise says nothing about the data.
  [linearPath(), 0.02],
];

it.each(paths.map(([path, from]) => [path.name, path, from] as const))(
  "%s: with constant noise, any number of steps gives the same data",
  async (_, path, from) => {
    const velocity = velocityOf(oracle, noise, { path, prediction: "noise" });
    const start = pointOf(path, { data, noise }, at(from));
    const end = pointOf(path, { data, noise }, at(1));
    for (const steps of [1, 2, 7, 50]) {
      const got = sampleOde(velocity, start, { solver: ddim(path), steps, from });
      expect(await got.sub(end).abs().max().item()).toBeLessThan(1e-9);
    }
    const trajectory = sampleTrajectory(velocity, start, { solver: ddim(path), steps: 7, from });
    const spread = noiseVariance(path, trajectory, timeGrid({ steps: 7, from }));
    expect(await spread.item()).toBeLessThan(1e-12);
    // Noise that changes along the way.
    const drifting: FlowModel<Tensor> = (stored, x, t) => oracle(stored, x, t).mul(t.reshape([-1, 1]));
    const other = velocityOf(drifting, noise, { path, prediction: "noise" });
    const by = (steps: number): Tensor => sampleOde(other, start, { solver: ddim(path), steps, from });
    expect(await by(1).sub(by(7)).abs().max().item()).toBeGreaterThan(1e-3);
    const bent = sampleTrajectory(other, start, { solver: ddim(path), steps: 7, from });
    const grid = timeGrid({ steps: 7, from });
    const variance = (list: number[]): number => {
      const mean = list.reduce((a, b) => a + b) / list.length;
      return list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length;
    };
    const size = await noise.square().mean().item();
    const got = await noiseVariance(path, bent, grid).item();
    expect(got / (size * variance(grid.slice(0, -1)))).toBeCloseTo(1, 5);
  },
);

it("both ends are recovered from any two points, as the formula in noise-to-signal ratios says", async () => {
  for (const [path] of paths) {
    for (const [s, t] of [
      [0.1, 0.9],
      [0.25, 0.31],
      [0.7, 0.4],
    ] as const) {
      const [xs, xt] = [s, t].map((u) => pointOf(path, { data, noise }, at(u))) as [Tensor, Tensor];
      const ends = endsThrough(path, xs, at(s), xt, at(t));
      const [a, b] = [path.at(at(s)), path.at(at(t))];
      const ratio = xt
        .div(b.alpha)
        .sub(xs.div(a.alpha))
        .div(b.sigma.div(b.alpha).sub(a.sigma.div(a.alpha)));
      const gaps = [ends.data.sub(data), ends.noise.sub(noise), ratio.sub(noise)];
      for (const v of await numbers(stack(gaps.map((g) => g.abs().max())))) expect(v).toBeLessThan(1e-9);
    }
  }
});

it("curvature of the paths for orthonormal ends; none of it in noise-to-signal coordinates", async () => {
  const ends = { data: f64([1, 0], [1, 2]), noise: f64([0, 1], [1, 2]) };
  const parabola = customPath(
    "parabola",
    (t) => t.mul(1),
    (t) => t.square().neg().add(1),
  );
  const edm = edmPath({ sigmaMin: 0, sigmaMax: 1, rho: 1 });
  const cases: [Path, number][] = [
    [linearPath(), 0],
    [edm, 0],
    [constantSpeedVpPath(), (1 - Math.SQRT1_2) / Math.SQRT2],
    [parabola, 0.125],
  ];
  for (const [path, want] of cases) {
    const times = f64(
      Array.from({ length: 4001 }, (_, i) => i / 4000),
      [4001, 1, 1],
    );
    const points = pointOf(path, ends, times);
    expect(await curvature(points).item()).toBeCloseTo(want, 5);
    // Away from alpha = 0.
    const scaled = points.div(path.at(times).alpha).slice([40]);
    expect(await curvature(scaled).item()).toBeLessThan(1e-6);
  }
});

it("a pair may stand for a part of the time: the network sees its times, the loss compares at its end", async () => {
  const path = vpPath();
  const span = f64([0, 0.25, 0.25, 0.5, 0.75, 1], [3, 2]);
  let seen: Tensor | undefined;
  const spy: FlowModel<Tensor> = (p, x, t) => ((seen = t), x.mul(p));
  const objective = { path, prediction: "noise", coupling: pairsCoupling(), time: fixedTime(0.5) } as const;
  const batch = { x0: noise, x1: data, span };
  const loss = flowLoss(spy, { ...objective, space: "end" })(at(0.4), batch, key(1));
  const want = [0.125, 0.375, 0.875];
  (await numbers(seen!)).forEach((t, i) => expect(t).toBeCloseTo(want[i]!, 6));
  // alpha_e·(NSR_e − NSR_t)·(ε̂ − ε) per example.
  const time = f64(want, [3, 1]);
  const [a, b] = [path.at(time), path.at(f64([0.25, 0.5, 1], [3, 1]))];
  const { xt } = interpolate(path, noise, data, f64(want));
  const factor = b.alpha.mul(b.sigma.div(b.alpha).sub(a.sigma.div(a.alpha)));
  const byHand = l2()(factor.mul(xt.mul(0.4)), factor.mul(noise)).mean();
  expect((await loss.item()) / (await byHand.item())).toBeCloseTo(1, 5);
});

it("without spans the end is the data", async () => {
  const objective = { prediction: "v", path: cosinePath(), coupling: pairsCoupling(), time: fixedTime(0.3) };
  const model: FlowModel<Tensor> = (p, x) => x.mul(p);
  const loss = (space: "end" | "data"): Promise<number> =>
    flowLoss(model, { ...objective, prediction: "v", space })(
      at(0.4),
      { x0: noise, x1: data },
      key(1),
    ).item();
  expect((await loss("end")) / (await loss("data"))).toBeCloseTo(1, 6);
});

it("the loss profile is the loss interval by interval", async () => {
  // On the linear path, a model of 0 has the loss E‖x1 − x0‖² whatever t; weighted by t, its mean over the bin.
  const zero: FlowModel<Tensor> = (p, x) => x.mul(0).add(p);
  const batch = { x0: noise, x1: data };
  const objective = { coupling: pairsCoupling(), weight: (t: Tensor) => t };
  const losses = await numbers(lossProfile(zero, at(0), batch, key(1), { objective, bins: 5 }));
  const total = await data.sub(noise).square().mean(1).max().item();
  losses.forEach((v, i) => expect(v).toBeLessThan(total * ((i + 1) / 5)));
  expect(losses.every((v) => v > 0)).toBe(true);
  expect(() => lossProfile(zero, at(0), batch, key(1), { bins: 0 })).toThrow(OptionError);
});

it("refuses terms that contradict the objective, and grids that do not fit", () => {
  const bad = [{ terms: [] }, { terms: [{}], metric: l2() }, { terms: [{ spaces: "data" }] }];
  for (const objective of bad) expect(() => flowLoss(oracle, objective as never)).toThrow(OptionError);
  expect(() => noiseVariance(vpPath(), stack([data, data]), [0, 0.5, 1])).toThrow(ShapeError);
});
