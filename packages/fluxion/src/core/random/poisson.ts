import { OptionError } from "../errors.js";
import { scan } from "../scan.js";
import type { Shape } from "../shape.js";
import { constant, Tensor } from "../tensor.js";
import { add, div, maximum, minimum, mul, sub } from "../../ops/arithmetic.js";
import { cast, greaterEqual, less, lessEqual, logicalAnd, logicalOr, where } from "../../ops/compare.js";
import { zeros } from "../../ops/create.js";
import { broadcastTo, slice } from "../../ops/movement.js";
import { abs, exp, floor, log, neg, sqrt } from "../../ops/unary.js";
import { drawShape, positive } from "./gamma.js";
import { keys } from "./key.js";
import { uniform } from "./uniform.js";

/** Rates from here on are drawn by rejection, lower ones by inversion. */
const LARGE = 10;
/** Terms of the distribution function; P(X ≥ 56) < 1e-22 for rates up to 10. */
const TERMS = 56;
/** Candidates per number; each is refused with probability below 0.25, so all are with probability below 4e-9. */
const CANDIDATES = 14;

const dtype = "float64";

/** How many values of the distribution function lie at or below u. */
function byInversion(key: Tensor, rate: Tensor, shape: Shape): Tensor {
  const u = uniform(key, shape, { dtype });
  const none = exp(neg(rate));
  const factors = constant(
    Array.from({ length: TERMS }, (_, i) => 1 / (i + 1)),
    dtype,
  );
  const start = { term: none, below: none, count: zeros(shape, { dtype }) };
  const [end] = scan(
    (s: typeof start, factor: Tensor): [typeof start, undefined] => {
      const term = mul(s.term, mul(rate, factor));
      const count = add(s.count, cast(greaterEqual(u, s.below), dtype));
      return [{ term, below: add(s.below, term), count }, undefined];
    },
    start,
    factors,
  );
  return end.count;
}

/** log k! for whole k ≥ 0: Stirling's series at k + 8, brought down by the recurrence. */
function logFactorial(k: Tensor): Tensor {
  const z = add(k, 8);
  const inverse = div(1, z);
  const square = mul(inverse, inverse);
  const series = mul(inverse, add(mul(square, add(mul(square, 1 / 1260), -1 / 360)), 1 / 12));
  const stirling = add(sub(mul(sub(z, 0.5), log(z)), z), add(series, 0.5 * Math.log(2 * Math.PI)));
  let product = add(k, 1);
  for (let i = 2; i < 8; i++) product = mul(product, add(k, i));
  return sub(stirling, log(product));
}

/** @source W. Hörmann, "The transformed rejection method for generating Poisson random variables", 1993, PTRS */
function byRejection(key: Tensor, rate: Tensor, shape: Shape): Tensor {
  const [first, second] = keys(key, 2);
  const u = sub(uniform(first, [CANDIDATES, ...shape], { dtype }), 0.5);
  // In (0, 1]: its logarithm is finite.
  const v = sub(1, uniform(second, [CANDIDATES, ...shape], { dtype }));
  const b = add(mul(sqrt(rate), 2.53), 0.931);
  const a = sub(mul(b, 0.02483), 0.059);
  const inverseAlpha = add(div(1.1328, sub(b, 3.4)), 1.1239);
  const edge = sub(0.9277, div(3.6224, sub(b, 2)));
  const us = maximum(sub(0.5, abs(u)), 2 ** -52);
  const k = floor(add(add(mul(add(div(mul(a, 2), us), b), u), rate), 0.43));
  const ratio = log(div(mul(v, inverseAlpha), add(div(a, mul(us, us)), b)));
  const whole = maximum(k, 0);
  const density = sub(sub(mul(whole, log(rate)), rate), logFactorial(whole));
  const quick = logicalAnd(greaterEqual(us, 0.07), lessEqual(v, edge));
  const possible = logicalAnd(greaterEqual(k, 0), logicalOr(greaterEqual(us, 0.013), lessEqual(v, us)));
  const accepted = logicalOr(quick, logicalAnd(possible, lessEqual(ratio, density)));
  let value = floor(rate);
  for (let i = CANDIDATES - 1; i >= 0; i--) value = where(slice(accepted, i), slice(k, i), value);
  return value;
}

/**
 * Poisson numbers: by inversion below a rate of 10, by transformed rejection with 14 candidates a number above; fewer
 * than 4e-9 of those, whose candidates were all refused, are ⌊rate⌋ instead. The numbers differ from JAX's.
 * @param key uint32 [2]
 * @param rate mean in [0, 1e9]; a Tensor broadcasts to the shape, and gives −1 where it is out of range
 * @param shape default: that of rate
 * @returns int32
 * @throws OptionError for a number out of range
 */
export function poisson(key: Tensor, rate: number | Tensor, shape?: Shape): Tensor {
  const where_ = "random.poisson";
  if (!(rate instanceof Tensor)) {
    if (!(rate >= 0 && rate <= 1e9))
      throw new OptionError({ where: where_, want: "a rate in [0, 1e9]", got: String(rate) });
    const dims = shape ?? [];
    const spread = broadcastTo(constant(rate, dtype), dims);
    return cast(rate < LARGE ? byInversion(key, spread, dims) : byRejection(key, spread, dims), "int32");
  }
  const given = positive(where_, "rate", rate);
  const dims = drawShape(where_, shape, given);
  const spread = broadcastTo(cast(given, dtype), dims);
  const [low, high] = keys(key, 2);
  const value = where(
    less(spread, LARGE),
    byInversion(low, minimum(spread, LARGE), dims),
    byRejection(high, minimum(maximum(spread, LARGE), 1e9), dims),
  );
  const valid = logicalAnd(greaterEqual(spread, 0), lessEqual(spread, 1e9));
  return cast(where(valid, value, constant(-1, dtype)), "int32");
}
