import { expect, it } from "vitest";
import { grad, OptionError, tensor, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { pairsCoupling } from "./coupling.js";
import { edmPath, subVpPath, vePath, vpPath } from "./diffusion-path.js";
import { discretePath } from "./discrete-path.js";
import { edmDenoiser, edmTerm } from "./edm.js";
import { gaussianVelocity } from "./exact.js";
import { flowLoss } from "./objective.js";
import { cosinePath, customPath, linearPath, timeLike, type Path } from "./path.js";
import { changePath, type FlowModel } from "./prediction.js";
import { sampleOde } from "./sample.js";
import { rk4 } from "./solver.js";
import { fixedTime } from "./time.js";
import { velocityOf } from "./velocity.js";

const f64 = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

/** The posterior mean of N(mean, std²) on a path: what a perfect denoiser gives. */
const posterior =
  (path: Path, mean: number, std: number): FlowModel<null> =>
  (_, x, t) => {
    const { alpha, sigma } = path.at(timeLike(t, x));
    const gain = alpha.mul(std ** 2).div(
      alpha
        .square()
        .mul(std ** 2)
        .add(sigma.square()),
    );
    return x.sub(alpha.mul(mean)).mul(gain).add(mean);
  };

it("a perfect denoiser on any path is the exact rectified flow (Proposition 1)", async () => {
  const exact = gaussianVelocity({ mean: 0.3, std: 0.5 });
  const x = f64([-1, 0.2, 1.4, 0.9], [4, 1]);
  // All of the paths are as noisy somewhere.
  const t = f64([0.1, 0.3, 0.6, 0.97]);
  const want = await numbers(exact(x, t.reshape([4, 1])));
  for (const from of [edmPath(), vePath(), vpPath(), subVpPath(), cosinePath(), discretePath()]) {
    const model = changePath(posterior(from, 0.3, 0.5), from, linearPath(), { prediction: "data" });
    const got = await numbers(model(null, x, t));
    want.forEach((v, i) => expect(got[i], from.name).toBeCloseTo(v, 6));
  }
});

it("posterior means agree on all paths after the change", async () => {
  const x = f64([-1, 0.2, 1.4], [3, 1]);
  const t = f64([0.2, 0.5, 0.8]);
  for (const to of [vpPath(), cosinePath(), edmPath()]) {
    const want = await numbers(posterior(to, -1, 2)(null, x, t));
    const there = changePath(posterior(linearPath(), -1, 2), linearPath(), to, {
      prediction: "data",
      as: "data",
    });
    const got = await numbers(there(null, x, t));
    want.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 8));
  }
});

it("the changed flow is finite at both ends, right at t = 0, and ends where the EDM flow ends", async () => {
  const path = edmPath();
  const model = changePath(posterior(path, 0.3, 0.5), path, linearPath(), { prediction: "data" });
  const z = tensor([-1, 0.5, 2], { shape: [3, 1] });
  const [start, end] = [model(null, z, tensor([0, 0, 0])), model(null, z, tensor([1, 1, 1]))];
  (await numbers(start)).forEach((v, i) => expect(Math.abs(v - (0.3 - [-1, 0.5, 2][i]!))).toBeLessThan(8e-3));
  expect((await numbers(end)).every(Number.isFinite)).toBe(true);
  const flow = sampleOde(velocityOf(model, null), z, { steps: 1000 });
  const edm = sampleOde(
    velocityOf(posterior(path, 0.3, 0.5), null, { path, prediction: "data" }),
    z.mul(80),
    {
      steps: 200,
      solver: rk4,
    },
  );
  const [a, b] = [await numbers(flow), await numbers(edm)];
  a.forEach((v, i) => expect(Math.abs(v - b[i]!)).toBeLessThan(4e-3));
});

it("EDM's preconditioning with a network of 0 is c_skip·x, as data and as a velocity", async () => {
  const zero: FlowModel<null> = (_, x) => x.mul(0);
  const path = edmPath();
  const x = f64([0.4, -2], [2, 1]);
  const t = f64([0.3, 0.8]);
  const sigma = t.neg().add(1).div(t).reshape([2, 1]);
  const skip = sigma.square().add(0.25).reciprocal().mul(0.25);
  // v = (x − D)/(their t), with our sign: (D − x)/(1 − t).
  const want = skip
    .div(t.reshape([2, 1]))
    .sub(1)
    .mul(x)
    .div(t.neg().add(1).reshape([2, 1]));
  const got = changePath(edmDenoiser(zero), path, linearPath(), { prediction: "data" })(null, x, t);
  expect(await got.sub(want).abs().max().item()).toBeLessThan(1e-9);
});

it("EDM's loss weighs the network's own errors alike at all noise levels, and asks it at ln(sigma)/4", async () => {
  let asked: Tensor | undefined;
  const network: FlowModel<Tensor> = (p, x, t) => ((asked = t), x.mul(0).add(p));
  const path = edmPath();
  const batch = { x0: f64([0, 0], [2, 1]), x1: f64([0, 0], [2, 1]) };
  for (const t of [0.1, 0.5, 0.9]) {
    const loss = flowLoss(edmDenoiser(network), {
      ...{ path, prediction: "data", coupling: pairsCoupling(), time: fixedTime(t), terms: [edmTerm()] },
    });
    // x = 0: D = c_out·p, and the weight is 1/c_out².
    expect(await loss(f64([0.7], []), batch, key(1)).item()).toBeCloseTo(0.49, 5);
    const slope = grad((p: Tensor) => loss(p, batch, key(1)))(f64([0.7], []));
    expect(await slope.item()).toBeCloseTo(1.4, 5);
    const sigma = await path.at(f64([t])).sigma.item();
    expect((await numbers(asked!))[0]).toBeCloseTo(Math.log(sigma) / 4, 6);
  }
});

it("refuses bad options and paths whose times are not known", () => {
  const model: FlowModel<null> = (_, x) => x;
  expect(() => edmDenoiser(model, { sigmaData: 0 })).toThrow(OptionError);
  expect(() => edmTerm({ sigma: 1 } as never)).toThrow(OptionError);
  expect(() => changePath(model, vpPath(), linearPath(), { from: "data" } as never)).toThrow(OptionError);
  const bare = customPath(
    "bare",
    (t) => t,
    (t) => t.neg().add(1),
  );
  const changed = changePath(model, bare, linearPath());
  expect(() => changed(null, f64([1], [1, 1]), f64([0.5]))).toThrow(OptionError);
});
