import { constant, type Tensor } from "../core/tensor.js";
import { mul, square } from "./arithmetic.js";
import { clip } from "./compare.js";
import { composedOp, floatFunction, inDouble } from "./composed.js";
import { expandDims } from "./movement.js";
import { sum } from "./reduce.js";
import { exp, neg } from "./unary.js";

/** Nodes and weights of Gauss and Legendre's quadrature on [0, 1]: the roots of the Legendre polynomial by Newton. */
function legendre(count: number): { nodes: number[]; weights: number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < 8; step++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= count; k++)
        [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (count * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    nodes.push((1 - x) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

/** erf x = 2x/√π ∫₀¹ e^(−x²t²) dt; beyond 6 it is 1 to the last digit of a double. */
function byQuadrature(x: Tensor): Tensor {
  const { nodes, weights } = legendre(40);
  const near = clip(x, -6, 6);
  const values = exp(neg(square(mul(expandDims(near, near.rank), constant(nodes, "float64")))));
  return mul(mul(near, 2 / Math.sqrt(Math.PI)), sum(mul(values, constant(weights, "float64")), -1));
}

/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf = floatFunction(
  composedOp(
    "Erf",
    (x, ct) => mul(ct, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
    inDouble(byQuadrature),
  ),
);
