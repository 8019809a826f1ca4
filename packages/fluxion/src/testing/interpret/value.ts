import { dtypes, fromHalf, toHalf, type DType } from "../../core/dtypes.js";
import type { Graph, Node } from "../../core/node.js";
import { sizeOf, stridesOf, type Shape } from "../../core/shape.js";

/** A computed array: row-major, every dtype held in doubles (bool as 0 and 1). */
export interface Value {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
}

/** What a rule sees besides its inputs. */
export interface Context {
  readonly node: Node;
  readonly attrs: Readonly<Record<string, unknown>>;
  /** Shape of output `i`, as the graph declares it. */
  readonly shapeOf: (i: number) => Shape;
  /** Evaluates a closed sub-graph. */
  readonly run: (graph: Graph, args: readonly Value[]) => Value[];
}

/** How one operator computes: raw doubles per output; the walker rounds them to the dtype. */
export type Rule = (inputs: readonly Value[], context: Context) => readonly ArrayLike<number>[];
export type Rules = Readonly<Record<string, Rule>>;

/** `value` as the dtype would hold it; with `exact`, floats keep all their digits. */
export function roundTo(value: number, dtype: DType, exact: boolean): number {
  switch (dtype) {
    case "float64":
      return value;
    case "float32":
      return exact ? value : Math.fround(value);
    case "float16":
      return exact ? value : fromHalf(toHalf(value));
    case "int64":
      return Math.trunc(value);
    case "int32":
      return value | 0;
    case "uint32":
      return value >>> 0;
    case "uint8":
      return value & 255;
    case "bool":
      return value === 0 ? 0 : 1;
  }
}

export function valueOf(data: ArrayLike<number>, shape: Shape, dtype: DType, exact: boolean): Value {
  if (data.length !== sizeOf(shape))
    throw new Error(`interpreter: ${data.length} numbers for [${shape.join(", ")}]`);
  return { shape, dtype, data: Float64Array.from(data, (v) => roundTo(v, dtype, exact)) };
}

export const isFloatValue = (v: Value): boolean => dtypes[v.dtype].kind === "float";

/** Calls `f` with every index of `shape` in row-major order. The array is reused between calls. */
export function forEachIndex(shape: Shape, f: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    f(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** Position of an index in an array of `shape`. */
export function flatIndex(index: readonly number[], shape: Shape): number {
  const strides = stridesOf(shape);
  return index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
}

/** Element of `v` at an index of a shape that `v` broadcasts to. */
export function broadcastAt(v: Value, index: readonly number[]): number {
  const lead = index.length - v.shape.length;
  return v.data[
    flatIndex(
      v.shape.map((d, i) => (d === 1 ? 0 : index[i + lead]!)),
      v.shape,
    )
  ]!;
}

/** An array of `shape` computed index by index. */
export function build(shape: Shape, f: (index: readonly number[], flat: number) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, flat) => (out[flat] = f(index, flat)));
  return out;
}
