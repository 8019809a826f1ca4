import { isFloat } from "../core/dtypes.js";
import { apply1, type EmitScope } from "../core/node.js";
import { asTensor, type Tensor, type TensorLike } from "../core/tensor.js";
import { mul, square } from "./arithmetic.js";
import { cast } from "./compare.js";
import { unaryOp } from "./elementwise.js";
import { exp } from "./unary.js";

/** ONNX nodes written one after another, constants in the dtype of the operand. */
function writer(scope: EmitScope, dtype: "float32" | "float64") {
  const number = (v: number): string =>
    scope.literal(dtype === "float64" ? Float64Array.of(v) : Float32Array.of(v), dtype, []);
  const node = (type: string, ...operands: (string | number)[]): string =>
    scope.node(
      type,
      operands.map((o) => (typeof o === "number" ? number(o) : o)),
    )[0]!;
  /** Horner's scheme, highest power first; coefficients are numbers or names of values. */
  const polynomial = (coefficients: readonly (string | number)[], x: string): string =>
    coefficients
      .slice(1)
      .reduce<string>((sum, c) => node("Add", node("Mul", sum, x), c), value(coefficients[0]!));
  const value = (c: string | number): string => (typeof c === "number" ? number(c) : c);
  const choose = (mask: string, yes: readonly number[], no: readonly number[]): string[] =>
    yes.map((c, i) => node("Where", mask, c, no[i]!));
  return { node, polynomial, choose };
}

/**
 * erfinv(x)/x as polynomials of w = −log(1 − x²): in w − 2.5 for w < 5, in √w − 3 beyond. Own minimax fits of the form
 * of M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2011; relative error below 2e-8. The leading
 * coefficient beyond is positive, so ±1 give ±∞.
 */
const centre32 = [
  -8.7910155e-9, 2.32326227e-8, 4.66170098e-7, -3.46270449e-6, -4.96334527e-6, 0.000218344438, -0.00125274188,
  -0.00417738678, 0.246640286, 1.50140936,
];
const tail32 = [
  0.000102782251, -0.000296351606, -3.85791497e-5, 0.00146848591, -0.00360677122, 0.00569339207,
  -0.00763528757, 0.00944452643, 1.00167484, 2.83297681,
];

function erfinv32(scope: EmitScope, x: string): string {
  const { node, polynomial, choose } = writer(scope, "float32");
  const w = node("Neg", node("Log", node("Mul", node("Sub", 1, x), node("Add", 1, x))));
  const central = node("Less", w, 5);
  const v = node("Where", central, node("Sub", w, 2.5), node("Sub", node("Sqrt", w), 3));
  return node("Mul", polynomial(choose(central, centre32, tail32), v), x);
}

/** Coefficients of AS 241's PPND16, highest power first: numerator and denominator of its three ranges. */
const centre64 = [
  [
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
  ],
  [
    5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
  ],
] as const;
const near64 = [
  [
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
  ],
  [
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1,
  ],
] as const;
const far64 = [
  [
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
    0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
  ],
  [
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1,
  ],
] as const;

/** @source M. J. Wichura, Applied Statistics 37 (1988), algorithm AS 241, PPND16; deviates: none */
function erfinv64(scope: EmitScope, x: string): string {
  const { node, polynomial, choose } = writer(scope, "float64");
  const magnitude = node("Abs", x);
  const q = node("Mul", x, 0.5);
  const r = node("Sub", 0.180625, node("Mul", q, q));
  const inner = node("Mul", q, node("Div", polynomial(centre64[0], r), polynomial(centre64[1], r)));
  const s = node("Sqrt", node("Neg", node("Log", node("Mul", node("Sub", 1, magnitude), 0.5))));
  const near = node("LessOrEqual", s, 5);
  const t = node("Where", near, node("Sub", s, 1.6), node("Sub", s, 5));
  const [over, under] = [0, 1].map((k) => polynomial(choose(near, near64[k]!, far64[k]!), t));
  const finite = node("Mul", node("Sign", x), node("Div", over!, under!));
  const outer = node("Where", node("Equal", magnitude, 1), node("Mul", x, Infinity), finite);
  const quantile = node("Where", node("LessOrEqual", magnitude, 0.85), inner, outer);
  return node("Mul", quantile, Math.SQRT1_2);
}

const erfinvOp = unaryOp("ErfInv", (_, ct, y) => mul(ct, mul(exp(square(y)), Math.sqrt(Math.PI) / 2)), {
  simplify: () => undefined,
  flops: ({ outputs }) => 30 * outputs[0]!.size,
  emit: (scope, { inputs }, [x]) => [
    inputs[0]!.dtype === "float64" ? erfinv64(scope, x!) : erfinv32(scope, x!),
  ],
});

/**
 * Inverse of the error function: erf(erfinv(x)) = x. Relative error about 2e-7 in float32, 1e-15 in float64.
 * @param x in [−1, 1]; ±1 give ±∞, outside NaN. float16 is computed in float32.
 * @source own fit (float32); M. J. Wichura, AS 241, 1988 (float64)
 */
export function erfinv(x: TensorLike): Tensor {
  const t = asTensor(x);
  if (t.dtype === "float16") return cast(erfinv(cast(t, "float32")), "float16");
  return apply1(erfinvOp, [isFloat(t.dtype) ? t : cast(t, "float32")], {});
}
