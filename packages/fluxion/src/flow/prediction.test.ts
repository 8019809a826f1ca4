import { expect, it } from "vitest";
import { stack, tensor, type Tensor } from "../index.js";
import { constantSpeedVpPath, subVpPath, vePath, vpPath } from "./diffusion-path.js";
import { cosinePath, interpolate, linearPath, reverseTime } from "./path.js";
import { convertModel, convertPrediction, targetOf, type FlowModel, type Prediction } from "./prediction.js";

const kinds: Prediction[] = ["velocity", "data", "noise", "v", "score"];
const paths = [
  ...[linearPath(), vpPath(), subVpPath(), constantSpeedVpPath(), cosinePath(), vePath({ sigmaMax: 5 })],
  reverseTime(linearPath()),
];
const f64 = (values: number[], shape: number[]): Tensor => tensor(values, { dtype: "float64", shape });
const [x0, x1] = [f64([1, -2, 0.5, 3, -1, 0.2], [3, 2]), f64([0, 4, 2, -1, 0.3, 0.9], [3, 2])];
const t = f64([0.15, 0.4, 0.85], [3]);
const gap = async (a: Tensor, b: Tensor): Promise<number> => a.sub(b).abs().max().item();

it.each(paths.map((p) => [p.name, p] as const))(
  "%s: every prediction converts into every other",
  async (_, path) => {
    const { xt, velocity } = interpolate(path, x0, x1, t);
    // An output that belongs to no pair must survive the round trip, too.
    const out = f64([0.7, -1.1, 2, 0.4, -0.6, 1.3], [3, 2]);
    const gaps = [targetOf(path, "velocity", x0, x1, t).sub(velocity)];
    for (const from of kinds) {
      for (const to of kinds) {
        const got = convertPrediction(path, from, to, targetOf(path, from, x0, x1, t), xt, t);
        const there = convertPrediction(path, from, to, out, xt, t);
        gaps.push(
          got.sub(targetOf(path, to, x0, x1, t)),
          convertPrediction(path, to, from, there, xt, t).sub(out),
        );
      }
    }
    expect(await stack(gaps).abs().max().item()).toBeLessThan(1e-9);
  },
);

it("a noise model becomes a velocity model, condition and all", async () => {
  const path = vpPath();
  const noiseModel: FlowModel<{ a: Tensor }> = (params, x, time, cond) =>
    x.mul(params.a).add(time.expandDims(1)).add(cond!);
  const velocityModel = convertModel(noiseModel, path, "noise", "velocity");
  const params = { a: f64([0.5], []) };
  const cond = f64([2], []);
  const want = convertPrediction(path, "noise", "velocity", noiseModel(params, x0, t, cond), x0, t);
  expect(await gap(velocityModel(params, x0, t, cond), want)).toBe(0);
});
