import type { DType } from "../../core/dtypes.js";
import { sizeOf, type Shape } from "../../core/shape.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import type * as ops from "../../ops/index.js";
import { genericNumbers, type Engine } from "../evaluator.js";

/** Names of the public operators. */
export type OpName = keyof typeof ops;

/** A public operator at a point where its derivatives are checked. */
export interface OpCase {
  readonly f: (...args: Tensor[]) => Tensor | Tensor[];
  readonly at: readonly Tensor[];
  /** `interpreter` where ONNX Runtime has no double kernel. */
  readonly engine?: Engine;
  /** Whether a second derivative exists and is checked. Default true. */
  readonly second?: boolean;
  readonly tolerance?: number;
}

/** A public operator whose value alone is checked. */
export interface ValueCase {
  readonly f: (...args: Tensor[]) => Tensor | Tensor[];
  readonly at: readonly Tensor[];
  /** dtypes the arguments are cast to, one check each. */
  readonly dtypes: readonly DType[];
}

export type OpCases = { readonly [name in OpName]?: readonly OpCase[] };
export type ValueCases = { readonly [name in OpName]?: readonly ValueCase[] };

const from = (shape: Shape, seed: number, f: (v: number) => number): Tensor =>
  tensor(Array.from(genericNumbers(sizeOf(shape), seed), f), { shape, dtype: "float64" });

/** Generic values in [−2, 2). */
export const any = (shape: Shape, seed = 1): Tensor => from(shape, seed, (v) => 2 * v);
/** Generic values in [0.3, 2.3). */
export const positive = (shape: Shape, seed = 1): Tensor => from(shape, seed, (v) => 1.3 + v);
/** Generic values in [−0.9, 0.9). */
export const unit = (shape: Shape, seed = 1): Tensor => from(shape, seed, (v) => 0.9 * v);
/** Small whole numbers, −3 … 4. */
export const whole = (shape: Shape, seed = 1): Tensor => from(shape, seed, (v) => Math.round(3.5 * v + 0.5));
