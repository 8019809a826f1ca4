// Other operator files call these while they load, so this one must import nothing that leads back to them.
import { decode, encode, isFloat, type DType } from "../core/dtypes.js";
import { apply, type Call, type Op } from "../core/node.js";
import { broadcastShapes, sameShape } from "../core/shape.js";
import { constant, literalOf, type Tensor } from "../core/tensor.js";

/** The shape `t` had before it was broadcast, if a broadcast made it. */
const beforeBroadcast = (t: Tensor): Tensor | undefined =>
  t.node.op.name === "Expand" ? t.node.inputs[0]! : undefined;

/** Takes operands as they were before broadcasting, where the result keeps its shape: no broadcast is materialised. */
export function liftBroadcast(call: Call<object>): Tensor[] | undefined {
  const want = call.outputs[0]!.shape;
  const inputs = [...call.inputs];
  let changed = false;
  inputs.forEach((t, i) => {
    const small = beforeBroadcast(t);
    if (!small) return;
    const shapes = inputs.map((u, k) => (k === i ? small.shape : u.shape));
    if (!sameShape(broadcastShapes("simplify", ...shapes), want)) return;
    inputs[i] = small;
    changed = true;
  });
  const node = call.outputs[0]!.node;
  return changed ? apply(node.op, inputs, node.attrs) : undefined;
}

const evaluators: Record<string, (...v: number[]) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Neg: (a) => -a,
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Cast: (a) => a,
  Sqrt: (a) => Math.sqrt(a),
  Reciprocal: (a) => 1 / a,
};

const folds = (dtype: DType): boolean => dtype !== "int64" && dtype !== "float16";

/** Computes scalars of literals while compiling, rounded as the dtype rounds. */
export function foldScalars(call: Call<object>): Tensor[] | undefined {
  const [out] = call.outputs;
  const f = evaluators[out!.node.op.name];
  const values = call.inputs.map(literalOf);
  if (!f || out!.size !== 1 || !folds(out!.dtype) || values.some((v) => !v)) return undefined;
  if (call.inputs.some((t) => !folds(t.dtype))) return undefined;
  const numbers = values.map((v, i) => decode(v!, call.inputs[i]!.dtype)[0]!);
  const value = f(...numbers);
  if (out!.node.op.name === "Div" && !out!.dtype.startsWith("float")) return undefined;
  return [constant(encode([value], out!.dtype), out!.dtype, out!.shape)];
}

/** Shape rule, vmap rule and simplification of an operator on one tensor. */
export function unaryOp(
  name: string,
  grad: ((x: Tensor, ct: Tensor, out: Tensor) => Tensor) | "zero" | "none",
  more: Partial<Op> & { result?: DType } = {},
): Op {
  const { result, ...rest } = more;
  const op: Op = {
    name,
    infer: ([x]) => [{ shape: x!.shape, dtype: result ?? x!.dtype }],
    grad:
      typeof grad === "string" ? grad : ({ inputs, outputs }, [ct]) => [grad(inputs[0]!, ct!, outputs[0]!)],
    batch: (inputs, _, attrs) => apply(op, inputs, attrs),
    simplify: foldScalars,
    ...rest,
  };
  return op;
}

/** Factors that may change places in a product: none that could make it overflow or vanish on the way. */
const mayMove = (factor: number): boolean => Math.abs(factor) >= 2 ** -20 && Math.abs(factor) <= 2 ** 20;

/** Whether `t` is a literal scalar of ordinary size. */
export function ordinary(t: Tensor): boolean {
  const value = t.size === 1 && isFloat(t.dtype) ? literalOf(t) : undefined;
  return value !== undefined && mayMove(decode(value, t.dtype)[0]!);
}

/** The tensor and the scalar, computed in the graph, that a product is made of. */
export function tracedFactor(t: Tensor): { of: Tensor; factor: Tensor } | undefined {
  if (t.node.op.name !== "Mul" || t.size === 1) return undefined;
  for (const side of [0, 1]) {
    const [factor, of] = [t.node.inputs[side]!, t.node.inputs[1 - side]!];
    if (factor.size === 1 && !literalOf(factor) && sameShape(of.shape, t.shape)) return { of, factor };
  }
  return undefined;
}

/** The tensor and the literal scalar, of ordinary size, that a product is made of. */
export function scalarFactor(t: Tensor): { of: Tensor; factor: Tensor } | undefined {
  if (t.node.op.name !== "Mul" || !isFloat(t.dtype)) return undefined;
  for (const side of [0, 1]) {
    const [factor, of] = [t.node.inputs[side]!, t.node.inputs[1 - side]!];
    const value = factor.size === 1 ? literalOf(factor) : undefined;
    if (value && sameShape(of.shape, t.shape) && mayMove(decode(value, t.dtype)[0]!)) return { of, factor };
  }
  return undefined;
}
