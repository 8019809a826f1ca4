import type { TensorMethods } from "../ops/methods.js";
import { decode, dtypes, encode, type DType, type TypedArray } from "./dtypes.js";
import { DtypeError, ShapeError } from "./errors.js";
import { apply1, type Node, type Op } from "./node.js";
import { showShape, sizeOf, type Shape } from "./shape.js";

/** A computed value, on the host or on a device. */
export interface Storage {
  /** Row-major elements on the host; a download if the value lives on a device. */
  read(): Promise<TypedArray>;
  /** The elements, if they are on the host already. */
  readonly host?: TypedArray;
  /** The runtime's own handle, fed back without a copy. */
  readonly handle?: unknown;
}

/** Anything that operations take where a Tensor stands. */
export type TensorLike = Tensor | number | boolean;

/** Nested arrays of numbers, as `tensor` takes and `toArray` gives. */
export type NestedArray<T = number> = T | NestedArray<T>[];

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the operations are attached in ops/methods.ts
export interface Tensor extends TensorMethods {}

/**
 * An immutable, lazy n-dimensional array. Operations only build a graph; `data`, `item` and `toArray` (or `compile`)
 * compute. Values are ordinary garbage-collected objects: there is nothing to dispose.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  #node: Node;

  /** @internal use `tensor`, `zeros`, … */
  constructor(node: Node, shape: Shape, dtype: DType) {
    this.#node = node;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** The node that computes this value. @internal */
  get node(): Node {
    return this.#node;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Replaces the history by its value. @internal */
  settle(storage: Storage): void {
    // Graphs built on this tensor name it by identity, so it must be its node's output; and their ids are larger than
    // the old node's, so that id must stay for the order of ids to be topological.
    const { id } = this.#node;
    this.#node = { ...fromStorage(storage, this.shape, this.dtype).node, id, outputs: [this] };
  }

  /** The elements in row-major order (float16 as half bits, bool as 0/1, int64 as bigint). Do not write to them. */
  async data(): Promise<TypedArray> {
    if (!storageOf(this)) {
      const { evaluate } = await import("../compile/evaluate.js");
      await evaluate([this]);
    }
    return storageOf(this)!.read();
  }

  /** The only element, as a number. @throws ShapeError if there is not exactly one */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError({ where: "Tensor.item", want: "one element", got: showShape(this.shape) });
    return decode(await this.data(), this.dtype)[0]!;
  }

  /** The elements as nested arrays of numbers (booleans for bool). */
  async toArray(): Promise<NestedArray<number | boolean>> {
    const flat = Array.from(decode(await this.data(), this.dtype), (v) =>
      this.dtype === "bool" ? v !== 0 : v,
    );
    const nest = (axis: number, start: number, length: number): NestedArray<number | boolean> => {
      if (axis === this.rank) return flat[start]!;
      const step = this.shape[axis] === 0 ? 0 : length / this.shape[axis]!;
      return Array.from({ length: this.shape[axis]! }, (_, i) => nest(axis + 1, start + i * step, step));
    };
    return nest(0, 0, this.size);
  }

  toString(): string {
    return `Tensor(${this.dtype} ${showShape(this.shape)})`;
  }
}

/** Leaf holding a value that is fed to programs at run time. */
const dataOp: Op<{ storage: () => Storage; shape: Shape; dtype: DType }> = {
  name: "Data",
  infer: (_, attrs) => [attrs],
  grad: "none",
};

/** Leaf holding a literal that is part of the program itself. */
const constantOp: Op<{ data: TypedArray; shape: Shape; dtype: DType }> = {
  name: "Constant",
  infer: (_, attrs) => [attrs],
  grad: "none",
};

/** Leaf that stands for an argument of a traced function. */
const inputOp: Op<{ shape: Shape; dtype: DType }> = {
  name: "Input",
  infer: (_, attrs) => [attrs],
  grad: "none",
};

/** A tensor over a computed value. @internal */
export const fromStorage = (storage: Storage, shape: Shape, dtype: DType): Tensor =>
  apply1(dataOp, [], { storage: () => storage, shape, dtype });

/** The value of a tensor that has one. @internal */
export function storageOf(t: Tensor): Storage | undefined {
  if (t.node.op.name === "Data") return (t.node.attrs.storage as () => Storage)();
  const literal = literalOf(t);
  return literal && { host: literal, read: () => Promise.resolve(literal) };
}

/** The elements of a literal. @internal */
export const literalOf = (t: Tensor): TypedArray | undefined =>
  t.node.op.name === "Constant" ? (t.node.attrs.data as TypedArray) : undefined;

/** A placeholder for an argument. @internal */
export const placeholder = (shape: Shape, dtype: DType): Tensor => apply1(inputOp, [], { shape, dtype });

/** A literal tensor that becomes part of the program; for small values only. */
export function constant(
  values: number | boolean | ArrayLike<number | bigint | boolean>,
  dtype: DType,
  shape?: Shape,
): Tensor {
  const list = typeof values === "number" || typeof values === "boolean" ? [values] : values;
  const dims = shape ?? (list === values ? [list.length] : []);
  return apply1(constantOp, [], { data: encode(list, dtype), shape: dims, dtype });
}

function flatten(
  value: NestedArray<number | boolean>,
  shape: number[],
  depth: number,
  out: (number | boolean)[],
): void {
  if (!Array.isArray(value)) {
    if (depth !== shape.length) throw ragged();
    out.push(value);
    return;
  }
  if (depth === shape.length) {
    if (out.length > 0) throw ragged();
    shape.push(value.length);
  } else if (shape[depth] !== value.length) throw ragged();
  for (const item of value) flatten(item, shape, depth + 1, out);
}

const ragged = (): ShapeError =>
  new ShapeError({ where: "tensor", want: "nested arrays of equal lengths", got: "ragged ones" });

const storageTypes: readonly [new (n: number) => TypedArray, DType][] = [
  [Float32Array, "float32"],
  [Float64Array, "float64"],
  [Int32Array, "int32"],
  [BigInt64Array, "int64"],
  [Uint32Array, "uint32"],
  [Uint8Array, "uint8"],
  [Uint16Array, "float16"],
];

/**
 * A tensor from nested arrays, or from a typed array with its shape.
 * @param values numbers, booleans, nested arrays of them, or a typed array (used in place, not copied, when its type
 *   is the storage of `dtype`)
 * @param options `dtype` (default: float32 for numbers, bool for booleans, the typed array's own); `shape` (default:
 *   that of the nesting, or one axis)
 * @throws ShapeError for ragged arrays or a shape of another size
 */
export function tensor(
  values: NestedArray<number | boolean> | TypedArray,
  options: { dtype?: DType; shape?: Shape } = {},
): Tensor {
  let shape: number[] = [];
  let flat: ArrayLike<number | bigint | boolean>;
  let dtype = options.dtype;
  if (ArrayBuffer.isView(values)) {
    flat = values;
    shape = [values.length];
    dtype ??= storageTypes.find(([type]) => values instanceof type)?.[1];
    if (!dtype)
      throw new DtypeError({ where: "tensor", want: "a typed array Fluxion stores", got: String(values) });
  } else {
    const list: (number | boolean)[] = [];
    flatten(values, shape, 0, list);
    flat = list;
    dtype ??= list.length > 0 && list.every((v) => typeof v === "boolean") ? "bool" : "float32";
  }
  const dims = options.shape ?? shape;
  if (sizeOf(dims) !== flat.length || dims.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError({
      where: "tensor",
      want: `${flat.length} elements`,
      got: `shape ${showShape(dims)}`,
    });
  }
  const inPlace = ArrayBuffer.isView(values) && values instanceof dtypes[dtype].array;
  const host = inPlace ? values : encode(flat, dtype);
  return fromStorage({ host, read: () => Promise.resolve(host) }, dims, dtype);
}

/** Whole numbers that an integer dtype holds, both ends included. */
const ranges: Partial<Record<DType, readonly [number, number]>> = {
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
};

const holds = (dtype: DType, value: number): boolean => {
  const range = ranges[dtype];
  return range !== undefined && Number.isInteger(value) && value >= range[0] && value <= range[1];
};

/** `value` as a tensor; a bare number takes the dtype of `like`, or a wider one if that could not hold it. */
export function asTensor(value: TensorLike, like?: DType): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === "boolean") return constant(value, "bool");
  if (like === undefined) return constant(value, "float32");
  if (dtypes[like].kind === "float") return constant(value, like);
  const order: readonly DType[] = [like, "int32", "int64"];
  return constant(value, order.find((dtype) => holds(dtype, value)) ?? "float32");
}
