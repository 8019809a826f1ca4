import { describe, expect, it } from "vitest";
import { grad } from "../core/autodiff.js";
import { key } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { normalFrom, seededUniform } from "../data/seeded.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { take } from "../ops/gather.js";
import { broadcastTo, expandDims } from "../ops/movement.js";
import { pairsCoupling } from "./coupling.js";
import { flowMlp } from "./flow-mlp.js";
import { trainFlow } from "./fit.js";
import { classifierFreeGuidance } from "./guidance.js";
import { addDelta, instaflow } from "./instaflow.js";
import { flowLoss } from "./objective.js";
import { generatePairs } from "./pairs.js";
import type { FlowModel } from "./prediction.js";
import { rk4 } from "./solver.js";
import { fixedTime } from "./time.js";

const means = [3, -2, 5];
const classesOf = (n: number) => ({ data: Int32Array.from({ length: n }, (_, i) => i % 3), shape: [n] });

/** The exact flow of N(0, 1) to N(mean of the class, 1); class 3 is "none": to N(0, 1). */
const exact: FlowModel<Tensor> = (table, x, t, cond) => {
  const [mu, at] = [expandDims(take(table, cond!, 0), 1), expandDims(t, 1)];
  const spread = add(square(at), square(sub(1, at)));
  return add(mu, div(mul(sub(mul(at, 2), 1), sub(x, mul(at, mu))), spread));
};
const table = tensor([...means, 0]);

describe("conditional flows with a known answer", () => {
  it("has pairs a class mean apart, and under guidance differences times the scale", async () => {
    const how = { params: table, shape: [1], n: 6, steps: 100, solver: rk4, cond: classesOf(6) };
    const { x0, x1 } = await generatePairs({ model: exact, ...how });
    x1.data.forEach((v, i) => expect(v - x0.data[i]!).toBeCloseTo(means[i % 3]!, 4));

    const [x, t, c] = [
      tensor([[0.3], [1], [2]]),
      tensor([0.2, 0.5, 0.9]),
      tensor([0, 1, 2], { dtype: "int32" }),
    ];
    const none = exact(table, x, t, tensor([3, 3, 3], { dtype: "int32" }));
    const guided = classifierFreeGuidance(exact, { scale: 4, nullCond: 3 })(table, x, t, c);
    const [want, got] = [mul(sub(exact(table, x, t, c), none), 4), sub(guided, none)];
    const [a, b] = [await want.data(), await got.data()];
    [...a].forEach((v, i) => expect(Number(b[i])).toBeCloseTo(Number(v), 4));
  });

  it("is straight after reflow: x = z + mean is the minimum, and one step makes it", async () => {
    const straight: FlowModel<Tensor> = (p, x, _, cond) =>
      broadcastTo(expandDims(take(p, cond!, 0), 1), x.shape);
    const { x0, x1, cond } = await generatePairs({
      ...{ model: exact, params: table, shape: [1], n: 9, steps: 100, solver: rk4, cond: classesOf(9) },
    });
    const batch = {
      x0: tensor(x0.data, { shape: [9, 1] }),
      x1: tensor(x1.data, { shape: [9, 1] }),
      cond: tensor(cond!.data),
    };
    const loss = flowLoss(straight, { coupling: pairsCoupling() });
    expect(await loss(table, batch, key(0)).item()).toBeLessThan(1e-8);
    // So is the gradient of the distillation of a straight teacher from its own weights.
    const distilling = flowLoss(straight, { coupling: pairsCoupling(), time: fixedTime(0) });
    const g = await grad((p: Tensor) => distilling(p, batch, key(0)))(table).data();
    [...g].forEach((v) => expect(Number(v)).toBeCloseTo(0, 4));
  });

  it.each([
    [1, 1],
    [4, 1],
    [3, 2.5],
  ])("goes by the constant of a constant model in %d steps at scale %d", async (steps, scale) => {
    const constant: FlowModel<Tensor> = (p, x) => broadcastTo(p, x.shape);
    const { x0, x1 } = await generatePairs({
      model: classifierFreeGuidance(constant, { scale, nullCond: 3 }),
      ...{ params: tensor([1.25]), shape: [1], n: 5, steps, cond: classesOf(5) },
    });
    x1.data.forEach((v, i) => expect(v).toBeCloseTo(x0.data[i]! + 1.25, 5));
  });
});

describe("instaflow", () => {
  const gauss = normalFrom(seededUniform(2));
  const n = 900;
  const centres = [
    [2, 0],
    [-1, 1.7],
    [-1, -1.7],
  ];
  const cond = classesOf(n);
  const x1 = Float32Array.from(
    { length: 2 * n },
    (_, i) => centres[cond.data[i >> 1]!]![i % 2]! + 0.3 * gauss(),
  );
  const net = flowMlp({ shape: [2], width: 32, classes: 3 });

  it("takes a conditional flow to one step that keeps to its classes", async () => {
    const common = { model: net.apply, stepsPerCall: 50, batchSize: 128, threads: 1 };
    const first = await trainFlow({
      ...{ ...common, params: net.init(key(0)), steps: 400, data: { x1: { data: x1, shape: [n, 2] }, cond } },
    });
    const stages: string[] = [];
    const { teacherPairs, pairs, second, student } = await instaflow({
      ...{
        ...common,
        teacher: first,
        nullCond: 3,
        shape: [2],
        pairs: 600,
        pairSteps: 10,
        ema: { decay: 0.9 },
      },
      conditions: (count, seed) => ({
        ...classesOf(count),
        data: classesOf(count).data.map((c) => (c + seed) % 3),
      }),
      ...{ reflow: { steps: 200, guidance: 1 }, distil: { steps: 100, guidance: 1 } },
      onStage: (name) => stages.push(name),
    });
    expect(stages).toEqual(["pairs", "reflow", "new pairs", "distil"]);
    expect([second.status, student.status]).toEqual(["ok", "ok"]);
    expect(teacherPairs.x0.data).not.toEqual(pairs.x0.data);
    const made = await generatePairs({
      ...{
        model: net.apply,
        params: student.ema!,
        shape: [2],
        n: 300,
        steps: 1,
        cond: classesOf(300),
        seed: 77,
      },
    });
    const right = Array.from({ length: 300 }, (_, i) => {
      const distances = centres.map(([a, b]) =>
        Math.hypot(made.x1.data[2 * i]! - a!, made.x1.data[2 * i + 1]! - b!),
      );
      return distances.indexOf(Math.min(...distances)) === i % 3;
    });
    expect(right.filter(Boolean).length / 300).toBeGreaterThan(0.95);
  });

  it("refuses what it cannot take", async () => {
    const params = net.init(key(0));
    const wrong = (more: object) =>
      instaflow({
        ...{
          model: net.apply,
          teacher: { params },
          nullCond: 3,
          shape: [2],
          pairs: 10,
          conditions: classesOf,
        },
        ...{ reflow: { steps: 1 }, distil: { steps: 1 } },
        ...more,
      });
    await expect(wrong({ reflow: { steps: 1, drop: 0.1 } })).rejects.toThrow(/option "drop"/);
    await expect(wrong({ conditions: classesOf(3) })).rejects.toThrow(/a function \(n, seed\)/);
    await expect(wrong({ guidance: 2 })).rejects.toThrow(/option "guidance"/);
  });
});

describe("addDelta", () => {
  it("gives the tuned weights on their base, and leaves others alone at scale 0", async () => {
    const [base, tuned] = [{ w: tensor([1, 2]) }, { w: tensor([1.5, -2]) }];
    expect(await addDelta(base, base, tuned).w.toArray()).toEqual([1.5, -2]);
    expect(await addDelta({ w: tensor([7, 7]) }, base, tuned, 0).w.toArray()).toEqual([7, 7]);
    expect(await addDelta({ w: tensor([7, 7]) }, base, tuned).w.toArray()).toEqual([7.5, 3]);
    expect(() => addDelta(base as object, base, { v: tensor([1]) })).toThrow();
  });
});
