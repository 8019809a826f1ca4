import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { input, type Translation, type Translations } from "../call.js";

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Translation =>
  (call) =>
    f(input(call, 0), input(call, 1));

/** Comparisons, logic and choice. */
export const comparison: Translations = {
  Equal: binary(ops.equal),
  Less: binary(ops.less),
  LessOrEqual: binary(ops.lessEqual),
  Greater: binary(ops.greater),
  GreaterOrEqual: binary(ops.greaterEqual),
  And: binary(ops.logicalAnd),
  Or: binary(ops.logicalOr),
  Xor: binary(ops.logicalXor),
  Not: (call) => ops.logicalNot(input(call, 0)),
  Where: (call) => ops.where(input(call, 0), input(call, 1), input(call, 2)),
};
