import type { NodeProto, TensorProto } from "onnx-buf";
import {
  decode,
  dtypeFromOnnx,
  dtypes,
  encode,
  isFloat,
  type DType,
  type TypedArray,
} from "../core/dtypes.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { nodeProto } from "./proto.js";

/** A constant of a graph, in numbers. */
export interface Literal {
  readonly key: string;
  readonly dtype: DType;
  readonly dims: Shape;
  readonly values: readonly number[];
}

/** The numbers of an initializer that the emitter wrote. */
export function literalOfProto(proto: TensorProto): Literal {
  const dtype = dtypeFromOnnx(proto.dataType)!;
  const bytes = proto.rawData.slice();
  const data = new (dtypes[dtype].array as unknown as new (buffer: ArrayBuffer) => TypedArray)(bytes.buffer);
  const dims = proto.dims.map(Number);
  const values = Array.from(decode(data, dtype));
  return { key: `${dtype}[${dims.join()}]${values.join()}`, dtype, dims, values };
}

/** [a, b] with value = a + b·size at every size, in whole numbers, or undefined. */
export function affine(
  values: readonly number[],
  sizes: readonly number[],
): readonly [number, number] | undefined {
  const b = (values[1]! - values[0]!) / (sizes[1]! - sizes[0]!);
  const a = values[0]! - b * sizes[0]!;
  const fits = Number.isInteger(b) && values.every((v, i) => v === a + b * sizes[i]!);
  return fits ? [a, b] : undefined;
}

/** The same up to rounding of the values; coefficients within that of a whole number are taken as it. */
function nearlyAffine(
  values: readonly number[],
  sizes: readonly number[],
): readonly [number, number] | undefined {
  if (values.every((v) => v === values[0])) return [values[0]!, 0];
  const last = values.length - 1;
  const nearest = (v: number, scale: number): number =>
    Math.abs(v - Math.round(v)) < 1e-5 * scale ? Math.round(v) : v;
  const slope = (values[last]! - values[0]!) / (sizes[last]! - sizes[0]!);
  let a = nearest(values[0]! - slope * sizes[0]!, Math.abs(values[0]!));
  if (Math.abs(a) < 1e-5 * Math.abs(values[0]!)) a = 0;
  const b = nearest((values[last]! - a) / sizes[last]!, Math.abs(slope));
  const fits = values.every((v, i) => Math.abs(v - a - b * sizes[i]!) <= 2e-6 * Math.abs(v));
  return fits ? [a, b] : undefined;
}

/** Nodes that compute varying constants from the batch size, shared by equal ones. */
export class BatchFormulas {
  readonly nodes: NodeProto[] = [];
  readonly literals: { name: string; data: TypedArray; dtype: DType; shape: Shape }[] = [];
  readonly #known = new Map<string, string>();

  /** @param input the input whose `axis` has the batch size */
  constructor(
    readonly sizes: readonly number[],
    readonly input: string,
    readonly axis: number,
  ) {}

  /** The name of a value that is the literal at each of the sizes, or undefined if no formula fits. */
  of(literals: readonly Literal[]): string | undefined {
    const key = `of ${literals.map((l) => l.key).join(";")}`;
    return this.#known.get(key) ?? this.#share(key, this.#range(literals) ?? this.#line(literals));
  }

  /** The name of a constant of the dtype and rank of `like`. */
  constant(values: readonly number[], like: Pick<Literal, "dtype" | "dims">): string {
    const shape = sizeOf(like.dims) === values.length ? like.dims : [];
    const key = `constant ${like.dtype}[${shape.join()}]${values.join()}`;
    const name = this.#known.get(key);
    if (name !== undefined) return name;
    const fresh = `batch_constant${this.literals.length}`;
    this.literals.push({ name: fresh, data: encode(values, like.dtype), dtype: like.dtype, shape });
    this.#known.set(key, fresh);
    return fresh;
  }

  #share(key: string, name: string | undefined): string | undefined {
    if (name !== undefined) this.#known.set(key, name);
    return name;
  }

  #node(opType: string, inputs: string[], attributes?: Readonly<Record<string, number>>): string {
    const key = `${opType}(${inputs.join()})${JSON.stringify(attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = `batch_value${this.nodes.length}`;
    this.nodes.push(nodeProto(opType, inputs, name, attributes));
    this.#known.set(key, name);
    return name;
  }

  /** The batch size, a scalar. */
  #size(dtype: DType): string {
    const vector = this.#node("Shape", [this.input], { start: this.axis, end: this.axis + 1 });
    const scalar = this.#node("Squeeze", [vector, this.constant([0], { dtype: "int64", dims: [1] })]);
    return dtype === "int64" ? scalar : this.#node("Cast", [scalar], { to: dtypes[dtype].onnx });
  }

  /** 0, 1 … n−1 where n varies. */
  #range(literals: readonly Literal[]): string | undefined {
    const { dtype } = literals[0]!;
    if (literals.some((l) => l.dims.length !== 1 || isFloat(l.dtype) || l.values.some((v, i) => v !== i)))
      return undefined;
    const line = affine(
      literals.map((l) => l.values.length),
      this.sizes,
    );
    if (!line) return undefined;
    const scalar = (v: number): string => this.constant([v], { dtype, dims: [] });
    return this.#node("Range", [scalar(0), this.#value([line], { dtype, dims: [] }), scalar(1)]);
  }

  /** Every element on a line a + b·size; of floats, or their reciprocals are. */
  #line(literals: readonly Literal[]): string | undefined {
    const [first] = literals;
    const { dims, dtype } = first!;
    if (literals.some((l) => l.dims.join() !== dims.join() || l.dtype !== dtype)) return undefined;
    const columns = first!.values.map((_, i) => literals.map((l) => l.values[i]!));
    const all = (lines: (readonly [number, number] | undefined)[]) =>
      lines.every((line) => line !== undefined) ? lines : undefined;
    if (!isFloat(dtype)) {
      const lines = all(columns.map((c) => affine(c, this.sizes)));
      return lines && this.#value(lines, first!);
    }
    const lines = all(columns.map((c) => nearlyAffine(c, this.sizes)));
    if (lines) return this.#value(lines, first!);
    const inverse = all(
      columns.map((c) =>
        nearlyAffine(
          c.map((v) => 1 / v),
          this.sizes,
        ),
      ),
    );
    return inverse && this.#node("Reciprocal", [this.#value(inverse, first!)]);
  }

  #value(lines: readonly (readonly [number, number])[], like: Pick<Literal, "dtype" | "dims">): string {
    const slopes = lines.map(([, b]) => b);
    const offsets = lines.map(([a]) => a);
    const size = this.#size(like.dtype);
    const scaled =
      like.dims.length === 0 && slopes[0] === 1
        ? size
        : this.#node("Mul", [size, this.constant(slopes, like)]);
    return offsets.every((a) => a === 0) ? scaled : this.#node("Add", [scaled, this.constant(offsets, like)]);
  }
}
