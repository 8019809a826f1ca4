import { describe, expect, it } from "vitest";
import { evaluate, OptionError, ShapeError, tensor, TreeError, valueAndGrad, type Tensor } from "../index.js";
import {
  adam,
  applyUpdates,
  diffGrad,
  frictionCoefficient,
  scaleByAdam,
  scaleByDiffGrad,
  type Transform,
} from "./index.js";

const float64 = { dtype: "float64" } as const;
const weights = tensor([0.5, 5], float64);
const bowl = (p: Tensor): Tensor => p.square().mul(weights).sum();

/** Iterates of `optimizer` on ½x² + 5y² from (1, 1). */
async function path(optimizer: Transform, steps: number): Promise<number[][]> {
  let p = tensor([1, 1], float64);
  let state = optimizer.init(p);
  const points: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const { updates, state: next } = optimizer.update(valueAndGrad(bowl)(p)[1], state, p);
    p = await evaluate(applyUpdates(p, updates));
    state = next;
    points.push([...((await p.data()) as Float64Array)]);
  }
  return points;
}

/** Updates of `transform` for given gradients. */
async function updatesFor(transform: Transform, gradients: readonly number[][]): Promise<number[][]> {
  let state = transform.init(tensor(gradients[0]!, float64));
  const list: number[][] = [];
  for (const g of gradients) {
    const out = transform.update(tensor(g, float64), state);
    state = out.state;
    list.push([...((await out.updates.data()) as Float64Array)]);
  }
  return list;
}

const close = (got: readonly number[][], want: readonly number[][], tolerance = 1e-12): void =>
  got.flat().forEach((value, i) => expect(Math.abs(value - want.flat()[i]!)).toBeLessThan(tolerance));

const gradients = [
  [0.3, -2, 0.01],
  [0.5, 1, 0.01],
  [-0.2, 1, 0.4],
  [0.1, -3, -0.4],
];

describe("diffGrad", () => {
  // The authors' diffGrad_v2.py (with today's call signatures of PyTorch), in double.
  it("follows the authors' corrected code", async () => {
    close(await path(diffGrad({ learningRate: 0.1 }), 3), [
      [0.9268941652550943, 0.9000045429490042],
      [0.8752070403259877, 0.827200919701366],
      [0.8242289116319073, 0.7604098450173289],
    ]);
  });

  it("does not alias the gradient of the step before", async () => {
    const second = (await path(diffGrad({ learningRate: 0.1 }), 2))[1]!;
    expect(Math.abs(second[0]! - 0.8770289481328997)).toBeGreaterThan(1e-3);
    expect(Math.abs(second[1]! - 0.8502106448255455)).toBeGreaterThan(1e-2);
  });

  it("puts weight decay into the gradient", async () => {
    close(await path(diffGrad({ learningRate: 0.1, weightDecay: 0.1 }), 3), [
      [0.9249740110089436, 0.9000041109176158],
      [0.873057179236227, 0.8270050606806069],
      [0.8219518285138179, 0.7600140494741312],
    ]);
  });

  it("makes half of Adam's steps where the gradient is constant", async () => {
    const constant = Array.from({ length: 5 }, () => [0.3, -4, 1e-3]);
    const options = { b1: 0.8, b2: 0.9, eps: 0 };
    const ours = await updatesFor(scaleByDiffGrad(options), constant);
    const adams = await updatesFor(scaleByAdam(options), constant);
    close(
      ours.slice(1),
      adams.slice(1).map((row) => row.map((u) => u / 2)),
    );
    // At the first step the gradient before is 0.
    ours[0]!.forEach((u, i) =>
      expect(u / adams[0]![i]!).toBeCloseTo(1 / (1 + Math.exp(-Math.abs(constant[0]![i]!))), 10),
    );
  });

  it("has frictions in [0.5, 1)", async () => {
    const [before, now] = [tensor([0, 1, -2, 5], float64), tensor([0, 3, -2.5, -20], float64)];
    const friction = [...((await frictionCoefficient(before, now).data()) as Float64Array)];
    expect(friction[0]).toBe(0.5);
    close([friction], [[0, 2, 0.5, 25].map((d) => 1 / (1 + Math.exp(-d)))]);
    friction.forEach((x) => expect(x).toBeLessThan(1));
  });

  it("turns the sign with the gradients, and treats every coordinate alone", async () => {
    const ours = await updatesFor(scaleByDiffGrad(), gradients);
    const turned = await updatesFor(
      scaleByDiffGrad(),
      gradients.map((g) => g.map((x) => -x)),
    );
    close(
      turned,
      ours.map((u) => u.map((x) => -x)),
    );
    const permuted = await updatesFor(
      scaleByDiffGrad(),
      gradients.map(([a, b, c]) => [c!, a!, b!]),
    );
    close(
      permuted,
      ours.map(([a, b, c]) => [c!, a!, b!]),
    );
  });

  it("lies between half of Adam's update and all of it, by the scale of the loss", async () => {
    const options = { eps: 0 };
    const adams = await updatesFor(scaleByAdam(options), gradients);
    const scaled = (s: number): Promise<number[][]> =>
      updatesFor(
        scaleByDiffGrad(options),
        gradients.map((g) => g.map((x) => x * s)),
      );
    close(
      await scaled(1e-6),
      adams.map((row) => row.map((u) => u / 2)),
      1e-5,
    );
    const large = await scaled(1e6);
    gradients.forEach((g, t) =>
      g.forEach((x, i) => {
        if (x !== gradients[t - 1]?.[i]) expect(large[t]![i]!).toBeCloseTo(adams[t]![i]!, 10);
      }),
    );
  });

  it("keeps Adam's moments: the friction is not fed back", async () => {
    const [ours, adams] = [scaleByDiffGrad(), scaleByAdam()];
    let [a, b] = [ours.init(tensor(gradients[0]!, float64)), adams.init(tensor(gradients[0]!, float64))];
    for (const g of gradients) {
      a = ours.update(tensor(g, float64), a).state;
      b = adams.update(tensor(g, float64), b).state;
    }
    for (const name of ["mu", "nu"] as const)
      expect(await (a[name] as Tensor).toArray()).toEqual(await (b[name] as Tensor).toArray());
    expect(await (a.previous as Tensor).toArray()).toEqual(gradients.at(-1));
  });

  it("refuses wrong options and trees", () => {
    expect(() => diffGrad({ b1: 1 })).toThrow(OptionError);
    expect(() => diffGrad({ learningRate: -1 })).toThrow(OptionError);
    expect(() => diffGrad({ friction: 1 } as never)).toThrow(OptionError);
    expect(() => frictionCoefficient({ a: tensor(1) }, { b: tensor(1) } as never)).toThrow(TreeError);
    expect(() => frictionCoefficient(tensor([1, 2]), tensor([1]))).toThrow(ShapeError);
    expect(() => adam({ eps: NaN })).toThrow(OptionError);
  });
});
