import { expect, it } from "vitest";
import { grad, OptionError, stack, tensor, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { cosineSchedule, exponentialSchedule, linearSchedule } from "../optim/index.js";
import { annealedCoupling, mirroredCoupling, pairsCoupling } from "./coupling.js";
import { gaussianVelocity } from "./exact.js";
import { distilGuided, flowGuidedLoss, twoStepTarget } from "./flow-guided.js";
import { flowMlp } from "./flow-mlp.js";
import { l2 } from "./metric.js";
import { flowLoss } from "./objective.js";
import { generatePairs } from "./pairs.js";
import type { FlowModel } from "./prediction.js";
import { fixedTime } from "./time.js";

const f64 = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const scalar = (v: number): Tensor => tensor(v, { dtype: "float64" });

it("the schedules of annealing", async () => {
  const at = (schedule: (step: Tensor) => Tensor, step: number): Promise<number> =>
    schedule(tensor(step, { dtype: "int32" })).item();
  const linear = linearSchedule({ init: 1, end: 0, steps: 100 });
  expect([await at(linear, 0), await at(linear, 50), await at(linear, 100), await at(linear, 900)]).toEqual([
    1, 0.5, 0, 0,
  ]);
  expect(await at(cosineSchedule({ init: 1, steps: 100 }), 50)).toBeCloseTo(0.5, 6);
  const falling = exponentialSchedule({ init: 1, rate: Math.exp(-1), steps: 100 });
  expect(await at(falling, 100)).toBeCloseTo(Math.exp(-1), 6);
});

it("annealing goes from the independent loss to that of the pairs, in between as the Gaussian formula says", async () => {
  const n = 40_000;
  const z = normal(key(1), [n, 1]);
  const loss = (beta: number): Promise<number> => {
    const rho = Math.sqrt(1 - beta * beta);
    const best: FlowModel<null> = (_, x, t) => gaussianVelocity({ correlation: rho })(x, t.reshape([-1, 1]));
    const coupling = annealedCoupling(() => tensor(beta));
    const batch = { x0: z, x1: z, step: tensor(0, { dtype: "int32" }) };
    return flowLoss(best, { coupling })(null, batch, key(2)).item();
  };
  // V = 2(1 − ρ)·√k·atan(1/√k) with k = (1 + ρ)/(1 − ρ).
  expect(await loss(0)).toBeLessThan(1e-6);
  expect(Math.abs((await loss(Math.sqrt(0.75))) - 0.9069)).toBeLessThan(0.03);
  expect(Math.abs((await loss(1)) - Math.PI / 2)).toBeLessThan(0.05);
});

it("mirroring leaves the loss of a model that treats mirrored images alike, and keeps pairs together", async () => {
  const batch = { x0: normal(key(1), [8, 1, 2, 3]), x1: normal(key(2), [8, 1, 2, 3]) };
  const even: FlowModel<Tensor> = (p, x) => x.mul(p);
  const loss = (coupling = pairsCoupling()): Promise<number> =>
    flowLoss(even, { coupling, time: fixedTime(0.3) })(tensor(0.7), batch, key(3)).item();
  for (const rate of [0, 0.5, 1])
    expect((await loss(mirroredCoupling(pairsCoupling(), { rate }))) / (await loss())).toBeCloseTo(1, 5);
  const pair = { x0: batch.x0, x1: batch.x0 };
  const { x0, x1 } = mirroredCoupling(pairsCoupling())(key(4), pair);
  expect(await numbers(x0)).toEqual(await numbers(x1));
  expect(await numbers(x0)).not.toEqual(await numbers(pair.x0));
  const whole = mirroredCoupling(pairsCoupling(), { rate: 1 })(key(4), pair);
  expect(await numbers(whole.x0)).toEqual(await numbers(pair.x0.flip(-1)));
  expect(() => mirroredCoupling(pairsCoupling(), { rate: 2 })).toThrow(OptionError);
});

const z = f64([0.4, -1, 2, 0.3], [2, 2]);
/** v(x, t) = p·x. */
const model: FlowModel<Tensor> = (p, x) => x.mul(p);

it("two steps by hand: for v = −x they lead to z·(1 − t)·t", async () => {
  const t = f64([0.25, 0.7]);
  const target = twoStepTarget((x) => x.neg(), z, z.neg(), t);
  const want = [0.4, -1, 2, 0.3].map((v, i) => v * (i < 2 ? 0.25 * 0.75 : 0.7 * 0.3));
  (await numbers(target)).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 12));
});

const batch = { x0: z, x1: z.mul(3) };
const fixed = { source: () => z, from: 0.5, to: 0.500001 };

it("the student's or the teacher's first step, and no gradient into the target", async () => {
  // Student p, teacher q: one step z(1 + p); two steps z(1 + u/2)(1 + q/2) with u = p or q.
  const [p, q] = [0.8, -0.6];
  const size = await z.square().mean(1).mean().item();
  for (const first of ["student", "teacher"] as const) {
    const u = first === "student" ? p : q;
    const gap = 1 + p - (1 + u / 2) * (1 + q / 2);
    const loss = (weight: number) => flowGuidedLoss(model, scalar(q), { ...fixed, first, weight });
    const [both, alone] = await numbers(
      stack([loss(1)(scalar(p), batch, key(1)), loss(0)(scalar(p), batch, key(1))]),
    );
    expect(alone! / (size * (1 + p - 3) ** 2)).toBeCloseTo(1, 5);
    expect((both! - alone!) / (size * gap ** 2)).toBeCloseTo(1, 4);
    const slope = (weight: number): Promise<number> =>
      grad((s: Tensor) => loss(weight)(s, batch, key(1)))(scalar(p)).item();
    expect(((await slope(1)) - (await slope(0))) / (2 * size * gap)).toBeCloseTo(1, 4);
  }
});

it("a straight teacher's two steps are its one step, and ask nothing of a student equal to it", async () => {
  // v(x, t) = x/(1 + t) goes straight from z to 2z.
  const straight: FlowModel<Tensor> = (p, x, t) => x.div(t.reshape([-1, 1]).add(1)).mul(p);
  for (const first of ["student", "teacher"] as const) {
    const pairs = { x0: z, x1: z.mul(2) };
    const loss = flowGuidedLoss(straight, scalar(1), { source: () => z, first, from: 0, to: 1 });
    expect(await loss(scalar(1), pairs, key(1)).item()).toBeLessThan(1e-20);
    const slope = grad((s: Tensor) => loss(s, pairs, key(1)))(scalar(1));
    expect(Math.abs(await slope.item())).toBeLessThan(1e-12);
  }
});

it("distils a flow of points", async () => {
  const net = flowMlp({ shape: [2], width: 16, depth: 1 });
  const params = net.init(key(1));
  const pairs = await generatePairs({ model: net.apply, params, n: 64, shape: [2], steps: 4 });
  const data = { ...pairs, x1: { ...pairs.x1, data: pairs.x1.data.map((v) => v + 1) } };
  const run = { model: net.apply, params, data, steps: 60, stepsPerCall: 20, ema: 0.9 };
  const { ema, status } = await distilGuided({ ...run, guidance: { weight: 0.1, metric: l2() } });
  expect(status).toBe("ok");
  const { x1 } = await generatePairs({ model: net.apply, params: ema!, n: 64, shape: [2], steps: 1 });
  const mean = x1.data.reduce((a, b) => a + b) / x1.data.length;
  const before = pairs.x1.data.reduce((a, b) => a + b) / x1.data.length;
  expect(mean - before).toBeGreaterThan(0.4);
});

it("refuses impossible guidance", () => {
  for (const options of [{ first: "both" }, { from: 0.9, to: 0.1 }, { weight: -1 }, { steps: 2 }])
    expect(() => flowGuidedLoss(model, scalar(1), options as never)).toThrow(OptionError);
});
