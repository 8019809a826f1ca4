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
  -8.7910155e-9, 2.32326227e-8, 4.66170098e-7, -0.00000346270449, -0.00000496334527, 0.000218344438,
  -0.00125274188, -0.00417738678, 0.246640286, 1.50140936,
];
const tail32 = [
  0.000102782251, -0.000296351606, -0.0000385791497, 0.00146848591, -0.00360677122, 0.00569339207,
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
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
    1971.5909503065513, 133.14166789178438, 3.3871328727963665,
  ],
  [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
    687.1870074920579, 42.31333070160091, 1,
  ],
] as const;
const near64 = [
  [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
] as const;
const far64 = [
  [
    2.0103343992922881e-7, 0.000027115555687434876, 0.0012426609473880784, 0.026532189526576124,
    0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  [
    2.0442631033899397e-15, 1.421511758316446e-7, 0.000018463183175100548, 0.0007868691311456133,
    0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
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
