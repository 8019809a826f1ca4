import { expect, it } from "vitest";
import { compile, OptionError, tensor, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { seededUniform } from "../data/index.js";
import { pairsCoupling } from "./coupling.js";
import { assignment, minibatchOtCoupling, sinkhornLogPlan } from "./optimal-transport.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((p) =>
    Array.from({ length: n }, (_, i) => [...p.slice(0, i), n - 1, ...p.slice(i)]),
  );
}

it("assignment has the least cost of all permutations", () => {
  const random = seededUniform(4);
  for (let n = 1; n <= 6; n++) {
    for (let trial = 0; trial < 20; trial++) {
      // Whole numbers make ties; some are negative.
      const cost = Array.from({ length: n * n }, () =>
        trial % 2 === 0 ? random() : Math.floor(9 * random()) - 4,
      );
      const total = (columns: ArrayLike<number>): number =>
        Array.from(columns).reduce((sum, j, i) => sum + cost[i * n + j]!, 0);
      const got = assignment(cost, n);
      expect(Array.from(got).toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(total(got)).toBeCloseTo(Math.min(...permutations(n).map(total)), 10);
    }
  }
});

it("assignment of a large batch matches sorted points on a line; damaged costs give some permutation", () => {
  const random = seededUniform(1);
  const n = 128;
  const [a, b] = [0, 1].map(() => Array.from({ length: n }, random)) as [number[], number[]];
  const order = (list: number[]): number[] => list.map((_, i) => i).toSorted((i, j) => list[i]! - list[j]!);
  const columns = assignment(
    a.flatMap((x) => b.map((y) => (x - y) ** 2)),
    n,
  );
  order(a).forEach((i, rank) => expect(columns[i]).toBe(order(b)[rank]));
  expect(Array.from(assignment([NaN, NaN, NaN, NaN], 2)).toSorted()).toEqual([0, 1]);
});

const batch = { x1: normal(key(1), [64, 2]).add(3), cond: tensor(Array.from({ length: 64 }, (_, i) => i)) };
const cost = (x0: Tensor, x1: Tensor): Promise<number> => x1.sub(x0).square().sum(1).mean().item();

it("exact: the same sources, each once, at the least cost; data keep their conditions", async () => {
  const plain = minibatchOtCoupling({ method: "exact" })(key(2), batch);
  const stored = { ...batch, x0: plain.x0 };
  const again = minibatchOtCoupling({ method: "exact", base: pairsCoupling() })(key(3), stored);
  expect(await numbers(again.x0)).toEqual(await numbers(plain.x0));
  expect(plain.x1).toBe(batch.x1);
  expect(plain.cond).toBe(batch.cond);
  expect(new Set(await numbers(plain.x0)).size).toBe(128);
  const random = normal(key(7), [64, 2]);
  expect(await cost(plain.x0, batch.x1)).toBeLessThan(0.9 * (await cost(random, batch.x1)));
});

it("exact: inside a compiled program, too", async () => {
  const couple = compile((k: Tensor, x1: Tensor) => minibatchOtCoupling({ method: "exact" })(k, { x1 }).x0);
  const want = minibatchOtCoupling({ method: "exact" })(key(2), batch).x0;
  const got = await numbers(await couple(key(2), batch.x1));
  (await numbers(want)).forEach((v, i) => expect(got[i]).toBeCloseTo(v, 6));
});

it("Sinkhorn: rows and columns of the plan sum to 1/n; close to exact for little entropy", async () => {
  const points = { x0: normal(key(4), [32, 2]), x1: normal(key(5), [32, 2]) };
  const distances = points.x1.expandDims(1).sub(points.x0.expandDims(0)).square().sum(-1);
  const plan = sinkhornLogPlan(distances, { iterations: 200 }).exp();
  for (const v of await numbers(plan.sum(1))) expect(v * 32).toBeCloseTo(1, 4);
  for (const v of await numbers(plan.sum(0))) expect(v * 32).toBeCloseTo(1, 2);
  const couple = (options: object): Promise<number> => {
    const { x0, x1 } = minibatchOtCoupling({ base: pairsCoupling(), ...options })(key(6), points);
    return cost(x0, x1);
  };
  const exact = await couple({ method: "exact" });
  const fine = await couple({ epsilon: 0.005, iterations: 300 });
  const coarse = await couple({ epsilon: 100 });
  expect(fine).toBeLessThan(1.25 * exact);
  expect(coarse).toBeGreaterThan(2 * exact);
});

it("refuses impossible options", () => {
  for (const options of [{ method: "greedy" }, { epsilon: 0 }, { iterations: 0 }, { eps: 1 }]) {
    expect(() => minibatchOtCoupling(options as never)).toThrow(OptionError);
  }
});
