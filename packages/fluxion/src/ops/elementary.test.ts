import { describe, expect, it } from "vitest";
import { evaluate, tensor, type Tensor } from "../index.js";
import { erf as exactErf } from "../testing/interpret/elementwise.js";
import * as ops from "./index.js";

/** Numbers from `low` to `high` at equal ratios, with their negatives for `both`. */
function ratios(low: number, high: number, both: boolean): number[] {
  const list = Array.from({ length: 200 }, (_, i) => low * (high / low) ** (i / 199));
  return both ? [...list, ...list.map((v) => -v)] : list;
}

type Case = [string, (x: Tensor) => Tensor, (x: number) => number, number[]];
const cases: Case[] = [
  ["exp", ops.exp, Math.exp, ratios(1e-6, 80, true)],
  ["expm1", ops.expm1, Math.expm1, ratios(1e-12, 80, true)],
  ["log", ops.log, Math.log, ratios(1e-12, 1e12, false)],
  [
    "log1p",
    ops.log1p,
    Math.log1p,
    [...ratios(1e-12, 1e12, false), ...ratios(1e-12, 0.99, false).map((v) => -v)],
  ],
  ["sinh", ops.sinh, Math.sinh, ratios(1e-12, 80, true)],
  ["cosh", ops.cosh, Math.cosh, ratios(1e-12, 80, true)],
  ["tanh", ops.tanh, Math.tanh, ratios(1e-6, 20, true)],
  ["asinh", ops.asinh, Math.asinh, ratios(1e-12, 1e12, true)],
  ["acosh", ops.acosh, Math.acosh, ratios(1e-4, 1e12, false).map((v) => 1 + v)],
  ["atanh", ops.atanh, Math.atanh, ratios(1e-12, 0.9999, true)],
  ["tan", ops.tan, Math.tan, ratios(1e-12, 1.5, true)],
  ["asin", ops.asin, Math.asin, ratios(1e-12, 1, true)],
  ["acos", ops.acos, Math.acos, ratios(1e-12, 0.999, true)],
  ["atan", ops.atan, Math.atan, ratios(1e-12, 1e12, true)],
  ["erf", ops.erf, exactErf, ratios(1e-12, 6, true)],
];

describe("relative accuracy, near zero and far", () => {
  it.each(cases)("%s: 3e-7 in float32, 1e-14 in float64", async (_, f, want, at) => {
    const inputs = [tensor(at), tensor(at, { dtype: "float64" })];
    const outputs = await evaluate(inputs.map(f));
    for (const [k, tolerance] of [3e-7, 1e-14].entries()) {
      const [x, y] = [await inputs[k]!.data(), await outputs[k]!.data()];
      y.forEach((v, i) => {
        const exact = want(Number(x[i]));
        const error = Math.abs(Number(v) - exact) / Math.abs(exact);
        if (exact !== 0 && !(error < tolerance)) expect.fail(`at ${x[i]!}: ${v}, want ${exact}`);
      });
    }
  });
});

describe("limits", () => {
  const at = async (
    f: (x: Tensor) => Tensor,
    list: number[],
    dtype: "float32" | "float64",
  ): Promise<unknown> => f(tensor(list, { dtype })).toArray();
  it.each(["float32", "float64"] as const)("at infinities and the ends of domains, %s", async (dtype) => {
    const inf = Infinity;
    const half = expect.closeTo(Math.PI / 2, 6) as number;
    expect(await at(ops.expm1, [-inf, -1000, 0, inf], dtype)).toEqual([-1, -1, 0, inf]);
    expect(await at(ops.log1p, [-1, 0, inf], dtype)).toEqual([-inf, 0, inf]);
    expect(await at(ops.atan, [-inf, 0, inf], dtype)).toEqual(
      [-Math.PI / 2, 0, Math.PI / 2].map((v) => expect.closeTo(v, 6) as number),
    );
    expect(await at(ops.asin, [0, 1], dtype)).toEqual([0, half]);
    expect(await at(ops.acos, [1, 0, -1], dtype)).toEqual([0, half, expect.closeTo(Math.PI, 6)]);
    expect(await at(ops.erf, [-inf, 0, inf], dtype)).toEqual([-1, 0, 1]);
    expect(await at(ops.asinh, [-inf, 0, inf], dtype)).toEqual([-inf, 0, inf]);
    expect(await at(ops.sinh, [-inf, 0, inf], dtype)).toEqual([-inf, 0, inf]);
    expect(await at(ops.asin, [2, NaN], dtype)).toEqual([NaN, NaN]);
  });
  it("atan2 takes every quadrant and numbers whose squares overflow", async () => {
    const [y, x] = [
      [1, 1, -1, -1, 0, 0, 3, -3, 1e30],
      [1, -1, 1, -1, 2, -2, 0, 0, 1e30],
    ];
    for (const dtype of ["float32", "float64"] as const) {
      const got = ops.atan2(tensor(y, { dtype }), tensor(x, { dtype }));
      expect(await got.toArray()).toEqual(y.map((v, i) => expect.closeTo(Math.atan2(v, x[i]!), 6) as number));
    }
  });
});

describe("every dtype", () => {
  it("neg and abs widen what has no sign; integers are never NaN", async () => {
    expect([
      ops.neg(tensor([3], { dtype: "uint8" })).dtype,
      ops.neg(tensor([3], { dtype: "uint32" })).dtype,
    ]).toEqual(["int32", "int64"]);
    expect(await ops.neg(tensor([true, false])).toArray()).toEqual([-1, 0]);
    expect(await ops.abs(tensor([true])).toArray()).toEqual([1]);
    const whole = tensor([1, 2], { dtype: "int32" });
    expect(await ops.isNaN(whole).toArray()).toEqual([false, false]);
    expect(await ops.isInf(whole).toArray()).toEqual([false, false]);
    expect(await ops.isFinite(whole).toArray()).toEqual([true, true]);
    expect(await ops.isFinite(tensor([1, Infinity, NaN])).toArray()).toEqual([true, false, false]);
  });
  it("integers to a negative power are floats; half powers, too", async () => {
    const two = tensor([2], { dtype: "int32" });
    expect([await ops.pow(two, -1).item(), await ops.pow(two, -2).item()]).toEqual([0.5, 0.25]);
    expect(await ops.pow(tensor([4], { dtype: "int32" }), 0.5).item()).toBe(2);
    expect([ops.pow(two, 5).dtype, await ops.pow(two, 5).item()]).toEqual(["int32", 32]);
  });
  it("remainders take the sign of the divisor, fmod that of the dividend, floats and integers alike", async () => {
    for (const dtype of ["float32", "float64", "int32", "int64"] as const) {
      const [a, b] = [tensor([-7, 7, -7, 7, 6], { dtype }), tensor([2, 2, -2, -2, -3], { dtype })];
      expect(await ops.remainder(a, b).add(0).toArray()).toEqual([1, 1, -1, -1, 0]);
      expect(await ops.fmod(a, b).add(0).toArray()).toEqual([-1, 1, -1, 1, 0]);
      expect(await ops.floorDivide(a, b).toArray()).toEqual([-4, 3, 3, -4, -2]);
    }
    expect(await ops.remainder(tensor([7, -7]), Infinity).toArray()).toEqual([7, Infinity]);
    expect(await ops.remainder(tensor([16777215]), 1000).item()).toBe(215);
  });
});
