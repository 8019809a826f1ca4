import { decode, dtypes, encode, isInteger, type DType, type TypedArray } from "../core/dtypes.js";
import { collect, type Node } from "../core/node.js";
import { broadcastShapes, stridesOf, type Shape } from "../core/shape.js";
import { constant, literalOf, type Tensor } from "../core/tensor.js";

/** Tensors up to this size are kept as values while tracing; shape arithmetic is far smaller. */
export const MAX_FOLDED = 4096;
const MAX_NODES = 200;

interface Value {
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

type Rule = (node: Node, inputs: readonly Value[], out: Tensor) => TypedArray;

/** Elements picked by their place: `source` maps the index of an element of the result to [input, flat index], or −1 for 0. */
function pick(
  inputs: readonly Value[],
  out: Tensor,
  source: (index: readonly number[]) => readonly [number, number],
): TypedArray {
  const data = new dtypes[out.dtype].array(out.size);
  const strides = stridesOf(out.shape);
  for (let flat = 0; flat < out.size; flat++) {
    const [which, at] = source(strides.map((s, i) => Math.floor(flat / s) % out.shape[i]!));
    if (at >= 0) data[flat] = inputs[which]!.data[at]!;
  }
  return data;
}

const flatIndex = (index: readonly number[], shape: Shape): number =>
  stridesOf(shape).reduce((sum, s, i) => sum + s * index[i]!, 0);

/** Place in an operand that broadcasts to the result. */
const broadcastIndex = (index: readonly number[], shape: Shape): number =>
  flatIndex(
    shape.map((d, i) => (d === 1 ? 0 : index[index.length - shape.length + i]!)),
    shape,
  );

const numbersOf = (v: Value): Float64Array => decode(v.data, v.dtype);

/** Whole numbers beyond 2^53 cannot be told apart in double: such values are left to run time. */
const exact = (v: Value): boolean => v.dtype !== "int64" || numbersOf(v).every((n) => Math.abs(n) < 2 ** 53);

const elementwise =
  (f: (...v: number[]) => number | boolean): Rule =>
  (_, inputs, out) => {
    if (!inputs.every(exact)) throw new NotFolded();
    const lists = inputs.map(numbersOf);
    const shape = broadcastShapes("fold", ...inputs.map((v) => v.shape));
    const strides = stridesOf(shape);
    const values = Array.from({ length: out.size }, (_v, flat) => {
      const index = strides.map((s, i) => Math.floor(flat / s) % shape[i]!);
      return f(...lists.map((list, k) => list[broadcastIndex(index, inputs[k]!.shape)]!));
    });
    return encode(values, out.dtype);
  };

const reduction =
  (start: number, f: (a: number, b: number) => number): Rule =>
  ({ attrs }, [x], out) => {
    if (!exact(x!)) throw new NotFolded();
    const axes = attrs.axes as readonly number[];
    const strides = stridesOf(x!.shape);
    const values = new Array<number>(out.size).fill(start);
    const list = numbersOf(x!);
    for (let flat = 0; flat < list.length; flat++) {
      const index = strides.map((s, i) => Math.floor(flat / s) % x!.shape[i]!);
      const at = flatIndex(
        index.filter((_, i) => !axes.includes(i)),
        out.shape,
      );
      values[at] = f(values[at]!, list[flat]!);
    }
    return encode(values, out.dtype);
  };

const halfEven = (v: number): number => {
  const r = Math.round(v);
  return Math.abs(v % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};
const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);

const rules: Readonly<Record<string, Rule>> = {
  Reshape: (_, [x]) => x!.data,
  Alias: (_, [x]) => x!.data,
  StopGradient: (_, [x]) => x!.data,
  Transpose: ({ attrs }, inputs, out) => {
    const perm = attrs.perm as readonly number[];
    const { shape } = inputs[0]!;
    return pick(inputs, out, (index) => [
      0,
      flatIndex(
        shape.map((_, i) => index[perm.indexOf(i)]!),
        shape,
      ),
    ]);
  },
  Expand: (_, inputs, out) => pick(inputs, out, (index) => [0, broadcastIndex(index, inputs[0]!.shape)]),
  Slice: ({ attrs }, inputs, out) => {
    const [starts, steps] = [attrs.starts as readonly number[], attrs.steps as readonly number[]];
    const { shape } = inputs[0]!;
    return pick(inputs, out, (index) => [
      0,
      flatIndex(
        index.map((v, i) => starts[i]! + steps[i]! * v),
        shape,
      ),
    ]);
  },
  Split: ({ attrs, outputs }, inputs, out) => {
    const axis = attrs.axis as number;
    const start = outputs.slice(0, outputs.indexOf(out)).reduce((n, t) => n + t.shape[axis]!, 0);
    const { shape } = inputs[0]!;
    return pick(inputs, out, (index) => [0, flatIndex(index.with(axis, index[axis]! + start), shape)]);
  },
  Pad: ({ attrs }, inputs, out) => {
    const before = attrs.before as readonly number[];
    const { shape } = inputs[0]!;
    return pick(inputs, out, (index) => {
      const at = index.map((v, i) => v - before[i]!);
      return [0, at.every((v, i) => v >= 0 && v < shape[i]!) ? flatIndex(at, shape) : -1];
    });
  },
  Concat: ({ attrs }, inputs, out) => {
    const axis = attrs.axis as number;
    return pick(inputs, out, (index) => {
      let at = index[axis]!;
      let which = 0;
      while (at >= inputs[which]!.shape[axis]!) at -= inputs[which++]!.shape[axis]!;
      return [which, flatIndex(index.with(axis, at), inputs[which]!.shape)];
    });
  },
  Gather: ({ attrs }, inputs, out) => {
    const axis = attrs.axis as number;
    const [x, at] = inputs as [Value, Value];
    return pick(inputs, out, (index) => {
      const place = index.slice(axis, axis + at.shape.length);
      const entry = Number(at.data[flatIndex(place, at.shape)]);
      const wrapped = entry < 0 ? entry + x.shape[axis]! : entry;
      if (!(wrapped >= 0 && wrapped < x.shape[axis]!)) throw new NotFolded();
      return [
        0,
        flatIndex([...index.slice(0, axis), wrapped, ...index.slice(axis + at.shape.length)], x.shape),
      ];
    });
  },
  Range: (_, _inputs, out) => encode([...Array(out.size).keys()], out.dtype),
  Cast: ({ inputs: [x] }, [v], out) => {
    if (isInteger(x!.dtype) && isInteger(out.dtype))
      return encode(Array.from(v!.data as BigInt64Array), out.dtype);
    return encode(decode(v!.data, v!.dtype), out.dtype);
  },
  ...Object.fromEntries(
    Object.entries<(a: number, b: number) => number | boolean>({
      Add: (a, b) => a + b,
      Sub: (a, b) => a - b,
      Mul: (a, b) => a * b,
      Pow: (a, b) => a ** b,
      Mod: modulo,
      FMod: (a, b) => a % b,
      Max: Math.max,
      Min: Math.min,
      Equal: (a, b) => a === b,
      Less: (a, b) => a < b,
      LessOrEqual: (a, b) => a <= b,
      Greater: (a, b) => a > b,
      GreaterOrEqual: (a, b) => a >= b,
      And: (a, b) => a !== 0 && b !== 0,
      Or: (a, b) => a !== 0 || b !== 0,
      Xor: (a, b) => (a !== 0) !== (b !== 0),
    }).map(([name, f]) => [name, elementwise(f)]),
  ),
  Div: (node, inputs, out) =>
    elementwise(isInteger(out.dtype) ? (a, b) => Math.trunc(a / b) : (a, b) => a / b)(node, inputs, out),
  ...Object.fromEntries(
    Object.entries<(a: number) => number | boolean>({
      Neg: (a) => -a,
      Relu: (a) => Math.max(0, a),
      Abs: Math.abs,
      Sign: Math.sign,
      Floor: Math.floor,
      Ceil: Math.ceil,
      Round: halfEven,
      Sqrt: Math.sqrt,
      Exp: Math.exp,
      Log: Math.log,
      Reciprocal: (a) => 1 / a,
      Not: (a) => a === 0,
    }).map(([name, f]) => [name, elementwise(f)]),
  ),
  Where: elementwise((c, a, b) => (c ? a : b)),
  Clip: (node, inputs, out) =>
    elementwise((a) => Math.min(Math.max(a, node.attrs.low as number), node.attrs.high as number))(
      node,
      inputs,
      out,
    ),
  ReduceSum: reduction(0, (a, b) => a + b),
  ReduceProd: reduction(1, (a, b) => a * b),
  ReduceMax: reduction(-Infinity, Math.max),
  ReduceMin: reduction(Infinity, Math.min),
};

/** Thrown where a value cannot be computed exactly while tracing. */
class NotFolded extends Error {}

/**
 * `t` as a literal, if nothing but literals and simple operators lie above it and it is small: this is how the shape
 * arithmetic of a file becomes concrete sizes. Otherwise `t` itself.
 */
export function fold(t: Tensor): Tensor {
  if (literalOf(t) || t.size > MAX_FOLDED) return t;
  const nodes = collect([t]);
  const legal = (node: Node): boolean =>
    node.op.name === "Constant" || (node.op.name in rules && node.outputs.every((o) => o.size <= MAX_FOLDED));
  if (nodes.length > MAX_NODES || !nodes.every(legal)) return t;
  const values = new Map<Tensor, Value>();
  try {
    for (const node of nodes) {
      const inputs = node.inputs.map((i) => values.get(i)!);
      for (const out of node.outputs) {
        const data = literalOf(out) ?? rules[node.op.name]!(node, inputs, out);
        values.set(out, { data, shape: out.shape, dtype: out.dtype });
      }
    }
  } catch (error) {
    if (error instanceof NotFolded) return t;
    throw error;
  }
  const { data } = values.get(t)!;
  return constant(t.dtype === "float16" ? decode(data, "float16") : data, t.dtype, t.shape);
}
