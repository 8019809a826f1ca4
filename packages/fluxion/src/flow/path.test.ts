import { expect, it } from "vitest";
import { jvp, OptionError, ShapeError, stack, tensor, type Tensor } from "../index.js";
import { discretePath } from "./discrete-path.js";
import { edmPath, constantSpeedVpPath, subVpPath, vePath, vpPath } from "./diffusion-path.js";
import {
  cosinePath,
  customPath,
  interpolate,
  linearPath,
  logSnr,
  timeOfLogSnr,
  reverseTime,
  type Path,
} from "./path.js";

const paths: Path[] = [
  linearPath(),
  vpPath(),
  subVpPath(),
  constantSpeedVpPath(),
  cosinePath(),
  vePath(),
  edmPath(),
  edmPath({ sigmaMin: 0, sigmaMax: 1, rho: 1 }),
  discretePath(),
  reverseTime(linearPath()),
  reverseTime(cosinePath()),
];
const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

it("paths begin at the source and end at the data", async () => {
  const ends = async (path: Path): Promise<number[]> => {
    const { alpha, sigma } = path.at(f64([0, 1]));
    return [...(await numbers(alpha)), ...(await numbers(sigma))];
  };
  expect(await ends(linearPath())).toEqual([0, 1, 1, 0]);
  expect(await ends(reverseTime(linearPath()))).toEqual([1, 0, 0, 1]);
  const a0 = Math.exp(-19.9 / 4 - 0.05);
  const vp = await ends(vpPath());
  expect(vp[0]).toBeCloseTo(0.0065716, 7);
  [a0, 1, Math.sqrt(1 - a0 * a0), 0].forEach((want, i) => expect(vp[i]).toBeCloseTo(want, 12));
  const subVp = await ends(subVpPath());
  [a0, 1, 1 - a0 * a0, 0].forEach((want, i) => expect(subVp[i]).toBeCloseTo(want, 12));
  for (const path of [constantSpeedVpPath(), cosinePath()]) {
    const got = await ends(path);
    [0, 1, 1, 0].forEach((want, i) => expect(got[i]).toBeCloseTo(want, 12));
  }
  const ve = await ends(vePath({ sigmaMin: 0.01, sigmaMax: 50 }));
  [1, 1, 50, 0].forEach((want, i) => expect(ve[i]).toBeCloseTo(want, 4));
});

it("variance-preserving paths have alpha² + sigma² = 1", async () => {
  for (const path of [vpPath(), constantSpeedVpPath(), cosinePath()]) {
    const { alpha, sigma } = path.at(f64([0.1, 0.5, 0.93]));
    for (const v of await numbers(alpha.square().add(sigma.square()))) expect(v).toBeCloseTo(1, 12);
  }
});

it.each(paths.map((p) => [p.name, p] as const))(
  "%s: velocity and coefficient slopes are derivatives of the path",
  async (_, path) => {
    // Within a step of the discrete path.
    const t = f64([0.0504, 0.3104, 0.7704]);
    const one = f64([1, 1, 1]);
    const { alpha, sigma, dAlpha, dSigma } = path.at(t);
    const h = 1e-6;
    const [up, down] = [path.at(t.add(h)), path.at(t.sub(h))];
    const relative = (got: Tensor, want: Tensor): Tensor => got.sub(want).div(got.abs().add(1)).abs().max();
    const x0 = f64([1, -2, 0.5, 3, -1, 0.2]).reshape([3, 2]);
    const x1 = f64([0, 4, 2, -1, 0.3, 0.9]).reshape([3, 2]);
    const { xt, velocity } = interpolate(path, x0, x1, t);
    const [, slope] = jvp((s: Tensor) => interpolate(path, x0, x1, s).xt, [t], [one]);
    const byHand = alpha.expandDims(1).mul(x1).add(sigma.expandDims(1).mul(x0));
    const errors = [
      relative(dAlpha, up.alpha.sub(down.alpha).div(2 * h)),
      relative(dSigma, up.sigma.sub(down.sigma).div(2 * h)),
      xt.sub(byHand).abs().max(),
      velocity.sub(slope).abs().max(),
    ];
    const [a, b, point, direction] = await numbers(stack(errors));
    expect(a).toBeLessThan(1e-7);
    expect(b).toBeLessThan(1e-7);
    expect(point).toBe(0);
    expect(direction).toBeLessThan(1e-10);
  },
);

it("logSnr is 2·log(alpha/sigma), and increases along every path to data", async () => {
  const t = f64([0.2, 0.5, 0.8]);
  const linear = await numbers(logSnr(linearPath(), t));
  [0.2, 0.5, 0.8].forEach((s, i) => expect(linear[i]).toBeCloseTo(2 * Math.log(s / (1 - s)), 12));
  for (const path of paths.slice(0, 9)) {
    const [a, b, c] = await numbers(logSnr(path, t));
    expect(a! < b! && b! < c!).toBe(true);
  }
});

it.each(paths.map((p) => [p.name, p] as const))(
  "%s: timeOfLogSnr is the inverse of logSnr",
  async (_, path) => {
    const t = f64([0.02, 0.3104, 0.5, 0.77, 0.985]);
    const back = await numbers(timeOfLogSnr(path, logSnr(path, t)));
    (await numbers(t)).forEach((want, i) => expect(back[i]).toBeCloseTo(want, 9));
  },
);

it("a VP path without growth of its noise rate has an inverse, too", async () => {
  const path = vpPath({ a: 0, b: 20 });
  expect(await timeOfLogSnr(path, logSnr(path, f64([0.4]))).item()).toBeCloseTo(0.4, 10);
});

it("the discrete path has the signal of Stable Diffusion's and DDPM's schedules", async () => {
  const signal = async (options: object, k: number): Promise<number> =>
    discretePath(options)
      .at(f64([1 - (k + 1) / 1000]))
      .alpha.item();
  const ddpm = { betas: "linear", betaStart: 1e-4, betaEnd: 0.02 };
  const linear = { betas: "linear" };
  const cases: [object, number, number][] = [
    [{}, 999, 0.06826],
    [{}, 499, 0.52694],
    [linear, 999, 0.03974],
    [linear, 499, 0.40226],
    [ddpm, 999, 0.00635],
  ];
  for (const [options, k, want] of cases) expect(await signal(options, k)).toBeCloseTo(want, 5);
  expect(await signal({}, 0)).toBeCloseTo(Math.sqrt(1 - 0.00085), 12);
  // No noise at t = 1, where the last of the trailing steps ends.
  expect(await numbers(discretePath().at(f64([1])).sigma)).toEqual([0]);
  expect(await signal({ betas: Array(1000).fill(0.01) }, 9)).toBeCloseTo(0.99 ** 5, 12);
});

it("equal steps on the EDM path are its noise levels", async () => {
  const { sigma } = edmPath().at(f64([0, 1 / 17, 1]));
  const second = (80 ** (1 / 7) + (1 / 17) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7;
  const got = await numbers(sigma);
  [80, second, 0.002].forEach((want, i) => expect(got[i]! / want).toBeCloseTo(1, 10));
});

it("a custom path takes its slopes by differentiation", async () => {
  const path = customPath(
    "square",
    (t) => t.square(),
    (t) => t.square().neg().add(1),
  );
  const { dAlpha, dSigma } = path.at(f64([0.25]));
  expect(await numbers(dAlpha)).toEqual([0.5]);
  expect(await numbers(dSigma)).toEqual([-0.5]);
});

it("a bad time or option is refused", () => {
  const x = tensor([[1, 2]]);
  expect(() => interpolate(linearPath(), x, x, tensor([0, 1]))).toThrow(ShapeError);
  expect(() => interpolate(linearPath(), x, x, tensor([[0]]))).toThrow(ShapeError);
  expect(() => vePath({ sigmaMin: 0 })).toThrow(OptionError);
  expect(() => vePath({ sigmaMin: 2, sigmaMax: 1 })).toThrow(OptionError);
  expect(() => vpPath({ a: -1 })).toThrow(OptionError);
  for (const options of [{ sigmaMax: 0.001 }, { sigmaMin: -1 }, { rho: 0 }, { sigma: 1 }])
    expect(() => edmPath(options as never)).toThrow(OptionError);
  for (const options of [{ betas: "cosine" }, { betas: [0.1, 1] }, { steps: 1 }, { betaEnd: 2 }, { beta: 1 }])
    expect(() => discretePath(options as never)).toThrow(OptionError);
  const bare = customPath(
    "bare",
    (t) => t,
    (t) => t.neg().add(1),
  );
  expect(() => timeOfLogSnr(bare, x)).toThrow(OptionError);
});
