import { expect, it } from "vitest";
import { apply1, type Op } from "../core/node.js";
import * as ops from "../ops/index.js";
import { placeholder, tensor } from "../core/tensor.js";
import { interpret } from "./interpreter.js";
import { erf } from "./interpret/elementwise.js";

it("knows erf to the last digits", () => {
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 15);
  expect(erf(-2)).toBeCloseTo(-0.9953222650189527, 15);
  expect(1 - erf(5)).toBeCloseTo(1.5374597944280347e-12, 14);
  expect([erf(0), erf(7), erf(-7), erf(NaN)]).toEqual([0, 1, -1, NaN]);
});

it("rounds every node to its dtype unless asked to be exact", () => {
  const third = ops.div(tensor(1), 3);
  expect(interpret([third])[0]!.data[0]).toBe(Math.fround(1 / 3));
  expect(interpret([third], new Map(), { exact: true })[0]!.data[0]).toBe(1 / 3);
});

it("wraps integers as C does", () => {
  const big = tensor([2 ** 31 - 1, -5], { dtype: "int32" });
  expect([...interpret([ops.add(big, 1)])[0]!.data]).toEqual([-(2 ** 31), -4]);
  expect([...interpret([ops.mul(big, big)])[0]!.data]).toEqual([1, 25]);
});

it("says which operator it lacks", () => {
  const strange: Op = { name: "Strange", infer: () => [{ shape: [], dtype: "float32" }], grad: "none" };
  expect(() => interpret([apply1(strange, [], {})])).toThrow(/no rule for Strange/);
  expect(() => interpret([placeholder([], "float32")])).toThrow(/no rule for Input/);
});
