import { isFloat, isInteger, promote, type DType } from "../core/dtypes.js";
import { DtypeError } from "../core/errors.js";
import { apply1, type Call, type Op } from "../core/node.js";
import { broadcastShapes, sameShape } from "../core/shape.js";
import { asTensor, literalOf, Tensor, type TensorLike } from "../core/tensor.js";
import { batchElementwise } from "./batching.js";
import { foldScalars, liftBroadcast, ordinary, scalarFactor, tracedFactor } from "./elementwise.js";
import { cast, equal, greater, less, logicalAnd, logicalOr, logicalXor, notEqual, where } from "./compare.js";
import { log1p } from "./hyperbolic.js";
import { abs, exp, floor, isInf, log, neg, reciprocal, sqrt } from "./unary.js";
import { sumTo } from "./reduce.js";
import { onesLike, zerosLike } from "./create.js";

type Rule = (a: Tensor, b: Tensor, ct: Tensor, out: Tensor) => readonly [() => Tensor, () => Tensor];

/** A broadcasting operator on two operands of one dtype; `rule` gives both cotangents before summing to shape. */
function binary(name: string, rule: Rule | "zero" | "none", more: Partial<Op> = {}): Op {
  return {
    name,
    infer: ([a, b]) => [
      { shape: broadcastShapes(`ops.${name.toLowerCase()}`, a!.shape, b!.shape), dtype: a!.dtype },
    ],
    grad:
      typeof rule === "string"
        ? rule
        : ({ inputs, outputs }, [ct], needs) => {
            const parts = rule(inputs[0]!, inputs[1]!, ct!, outputs[0]!);
            return inputs.map((t, i) => (needs[i] ? sumTo(parts[i]!(), t.shape) : undefined));
          },
    batch: (inputs, batched, attrs) => batchElementwise(ops[name]!, inputs, batched, attrs),
    simplify: (call) => more.simplify?.(call) ?? foldScalars(call) ?? liftBroadcast(call),
    ...("emit" in more ? { emit: more.emit } : {}),
  };
}

const isScalarValue = (t: Tensor, value: number): boolean => {
  const data = literalOf(t);
  return data !== undefined && t.size === 1 && Number(data[0]) === value && isNumberLike(t.dtype);
};
const isNumberLike = (dtype: DType): boolean => dtype !== "float16";

/** The operand left when the other is the neutral scalar `value`. */
const neutral =
  (value: number, sides: readonly (0 | 1)[]): NonNullable<Op["simplify"]> =>
  ({ inputs, outputs }) => {
    for (const side of sides) {
      const other = inputs[1 - side]!;
      if (isScalarValue(inputs[side]!, value) && sameShape(other.shape, outputs[0]!.shape)) return [other];
    }
    return undefined;
  };

/** x + x, as the gradient of x² writes it, is 2·x: a factor that others can take over. */
function twice({ inputs: [a, b] }: Call<object>): Tensor[] | undefined {
  return a === b && isFloat(a!.dtype) ? [mul(a!, 2)] : undefined;
}

/**
 * Scalar factors move outwards, (c·x)·y → c·(x·y), where they meet each other, a matrix product or a sum that takes
 * them over for nothing; or into a smaller operand. A literal joins a scalar that is computed, (x·s)·c → x·(s·c).
 */
function floatScalar({ inputs, outputs }: Call<object>): Tensor[] | undefined {
  const out = outputs[0]!;
  for (const side of [0, 1]) {
    const [t, other] = [inputs[side]!, inputs[1 - side]!];
    const scaled = other.size === 1 ? tracedFactor(t) : undefined;
    if (scaled && ordinary(other) && sameShape(scaled.of.shape, out.shape))
      return [mul(scaled.of, mul(scaled.factor, other))];
    const found = scalarFactor(t);
    if (!found || t.size < other.size) continue;
    const scalar = other.size === 1 && literalOf(other) !== undefined;
    if (scalar)
      return sameShape(found.of.shape, out.shape) ? [mul(found.of, mul(found.factor, other))] : undefined;
    if (other.size < t.size) return [mul(found.of, mul(other, found.factor))];
    return [mul(mul(found.of, other), found.factor)];
  }
  return undefined;
}

const ops: Record<string, Op> = Object.fromEntries(
  [
    binary("Add", (_a, _b, ct) => [() => ct, () => ct], {
      simplify: (call) => neutral(0, [0, 1])(call) ?? twice(call),
    }),
    binary("Sub", (_a, _b, ct) => [() => ct, () => neg(ct)], { simplify: neutral(0, [1]) }),
    binary("Mul", (a, b, ct) => [() => mul(ct, b), () => mul(ct, a)], {
      simplify: (call) => neutral(1, [0, 1])(call) ?? floatScalar(call),
    }),
    binary("Div", (_a, b, ct, out) => [() => div(ct, b), () => neg(mul(ct, div(out, b)))], {
      simplify: neutral(1, [1]),
    }),
    binary("Pow", (a, b, ct, out) => [() => mul(ct, powSlope(a, b)), () => mul(ct, mul(out, safeLog(a)))]),
    binary("Mod", "none"),
    binary("FMod", (a, b, ct) => [() => ct, () => neg(mul(ct, truncate(div(a, b))))], {
      emit: (scope, _, names) => scope.node("Mod", names, { fmod: 1 }),
    }),
    binary("Max", (a, b, ct) => [
      () => mul(ct, share(greater(a, b), equal(a, b), ct)),
      () => mul(ct, share(less(a, b), equal(a, b), ct)),
    ]),
    binary("Min", (a, b, ct) => [
      () => mul(ct, share(less(a, b), equal(a, b), ct)),
      () => mul(ct, share(greater(a, b), equal(a, b), ct)),
    ]),
    ...["BitwiseAnd", "BitwiseOr", "BitwiseXor"].map((name) => binary(name, "none")),
    binary("ShiftLeft", "none", {
      emit: (scope, _, names) => scope.node("BitShift", names, { direction: "LEFT" }),
    }),
    binary("ShiftRight", "none", {
      emit: (scope, _, names) => scope.node("BitShift", names, { direction: "RIGHT" }),
    }),
  ].map((op) => [op.name, op]),
);

/** 1 where strict, ½ at ties: the slope of max and min, as in PyTorch. */
const share = (strict: Tensor, tie: Tensor, like: Tensor): Tensor =>
  add(cast(strict, like.dtype), mul(cast(tie, like.dtype), 0.5));

/** b·a^(b−1), and 0 where b = 0 even at a = 0. */
function powSlope(a: Tensor, b: Tensor): Tensor {
  const zero = equal(b, 0);
  return mul(b, pow(a, sub(where(zero, onesLike(b), b), 1)));
}

/** log a where a > 0, else 0. */
function safeLog(a: Tensor): Tensor {
  const positive = greater(a, 0);
  return where(positive, log(where(positive, a, onesLike(a))), zerosLike(a));
}

/** Both operands in the dtype that loses nothing. */
function operands(
  name: string,
  a: TensorLike,
  b: TensorLike,
  want?: "numeric" | "integer",
): [Tensor, Tensor] {
  const x = asTensor(a, b instanceof Tensor ? b.dtype : undefined);
  const y = asTensor(b, a instanceof Tensor ? a.dtype : undefined);
  let dtype = promote(x.dtype, y.dtype);
  if (dtype === "bool" && want) dtype = "int32";
  if (want === "integer" && !isInteger(dtype))
    throw new DtypeError({ where: `ops.${name}`, want: "integers", got: dtype });
  return [cast(x, dtype), cast(y, dtype)];
}

const call =
  (name: string, opName: string, want: "numeric" | "integer" = "numeric") =>
  (a: TensorLike, b: TensorLike): Tensor =>
    apply1(ops[opName]!, operands(name, a, b, want), {});

/** a + b. Booleans count as int32. */
export const add = call("add", "Add");
/** a − b. */
export const sub = call("sub", "Sub");
/** a · b, element by element. */
export const mul = call("mul", "Mul");
/** Larger of a and b; at ties each gets half the gradient. */
export const maximum = call("maximum", "Max");
/** Smaller of a and b; at ties each gets half the gradient. */
export const minimum = call("minimum", "Min");
/** Bits set in both integers. */
export const bitwiseAnd = call("bitwiseAnd", "BitwiseAnd", "integer");
/** Bits set in either integer. */
export const bitwiseOr = call("bitwiseOr", "BitwiseOr", "integer");
/** Bits set in one of two integers. */
export const bitwiseXor = call("bitwiseXor", "BitwiseXor", "integer");

const shift =
  (name: string, opName: string) =>
  (a: Tensor, bits: TensorLike): Tensor => {
    const [x, y] = operands(name, a, bits, "integer");
    if (x.dtype === "uint32" || x.dtype === "uint8") return apply1(ops[opName]!, [x, y], {});
    throw new DtypeError({ where: `ops.${name}`, want: "uint32 or uint8", got: x.dtype, hint: "cast first" });
  };
/** a · 2^bits, for unsigned integers; bits that leave the word are lost. */
export const leftShift = shift("leftShift", "ShiftLeft");
/** ⌊a / 2^bits⌋, for unsigned integers. */
export const rightShift = shift("rightShift", "ShiftRight");

/** Both operands as floats: integers become float32. */
function floats(name: string, a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const [x, y] = operands(name, a, b, "numeric");
  return isFloat(x.dtype) ? [x, y] : [cast(x, "float32"), cast(y, "float32")];
}

/** a / b; integers give float32. */
export const div = (a: TensorLike, b: TensorLike): Tensor => apply1(ops.Div!, floats("div", a, b), {});

/** ⌊a / b⌋; integers stay integers. Gradient zero. */
export function floorDivide(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = operands("floorDivide", a, b, "numeric");
  if (isFloat(x.dtype)) return floor(div(x, y));
  // ONNX integer division truncates: take one off where a remainder has the other sign.
  const rest = remainder(x, y);
  return apply1(ops.Div!, [sub(x, rest), y], {});
}

const truncate = (x: Tensor): Tensor => {
  const down = floor(abs(x));
  return where(less(x, 0), neg(down), down);
};

/** Remainder with the sign of `b` (Python's %): a − b·⌊a/b⌋. */
export function remainder(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = operands("remainder", a, b, "numeric");
  if (!isFloat(x.dtype)) return apply1(ops.Mod!, [x, y], {});
  // fmod is exact; where its sign is not that of b, one b more is.
  const rest = fmod(x, y);
  const apart = logicalAnd(notEqual(rest, 0), logicalXor(less(rest, 0), less(y, 0)));
  return where(apart, add(rest, y), rest);
}

/** Remainder with the sign of `a` (C's fmod). */
export function fmod(a: TensorLike, b: TensorLike): Tensor {
  return apply1(ops.FMod!, operands("fmod", a, b, "numeric"), {});
}

/**
 * a^b. Whole-number and half powers given as JavaScript numbers become products and roots, whose gradients are finite
 * at 0 (x², x³ …). Negative bases with fractional exponents give NaN; integers to a negative number give float32.
 */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  if (a instanceof Tensor && typeof b === "number") {
    if (b === 1) return a;
    if (b === 2) return mul(a, a);
    if (b === 3) return mul(mul(a, a), a);
    if (b === 0.5 && isFloat(a.dtype)) return sqrt(a);
    if (b === -1 && isFloat(a.dtype)) return reciprocal(a);
    if (b < 0 && !isFloat(a.dtype)) return pow(cast(a, "float32"), b);
  }
  const [x, y] = operands("pow", a, b, "numeric");
  if (!isFloat(x.dtype)) return cast(apply1(ops.Pow!, [cast(x, "float64"), cast(y, "float64")], {}), x.dtype);
  return apply1(ops.Pow!, [x, y], {});
}

/** x². */
export const square = (x: Tensor): Tensor => mul(x, x);

/** √(a² + b²), without overflow of the squares; gradient 0 at the origin. */
export function hypot(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = floats("hypot", a, b);
  const big = maximum(abs(x), abs(y));
  const scale = where(logicalOr(equal(big, 0), isInf(big)), onesLike(big), big);
  return mul(scale, safeSqrt(add(square(div(x, scale)), square(div(y, scale)))));
}

/** √x with gradient 0 at 0. @internal */
export function safeSqrt(x: Tensor): Tensor {
  const zero = equal(x, 0);
  return where(zero, zerosLike(x), sqrt(where(zero, onesLike(x), x)));
}

/** log(e^a + e^b), without overflow. */
export function logaddexp(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = floats("logaddexp", a, b);
  // Equal ones apart, because infinities have no difference.
  const same = equal(x, y);
  const gap = where(same, zerosLike(x), sub(x, y));
  return add(maximum(x, y), log1p(exp(neg(abs(gap)))));
}
