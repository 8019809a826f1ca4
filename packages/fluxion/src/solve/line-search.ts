// A step along a direction that satisfies the strong Wolfe conditions.

/** A point of the line: φ(step), φ'(step), and whatever the caller keeps with it. @internal */
export interface LinePoint<X> {
  readonly step: number;
  /** φ; anything that is no number counts as +∞. */
  readonly value: number;
  readonly slope: number;
  readonly at: X;
}

/** How exact a step has to be. @internal */
export interface WolfeOptions {
  /** c₁ of φ(s) ≤ φ(0) + c₁·s·φ'(0). */
  readonly decrease: number;
  /** c₂ of |φ'(s)| ≤ c₂·|φ'(0)|. */
  readonly curvature: number;
  /** Relative error of φ: values nearer to φ(0) are judged by their slopes. */
  readonly rounding: number;
  /** Evaluations within a bracket. */
  readonly maxEvaluations: number;
}

/** What a search found. @internal */
export interface LineSearch<X> {
  /** Undefined if no point was found that is lower enough than the start. */
  readonly point: LinePoint<X> | undefined;
  readonly evaluations: number;
}

/**
 * Brackets a step and narrows the bracket by cubic interpolation until the strong Wolfe conditions hold, or, within
 * rounding of φ(0), their approximate form by slopes alone. Out of evaluations, the lowest point that has the
 * sufficient decrease.
 * @param start φ at step 0, with a negative slope
 * @param first the step to try first, number > 0
 * @source Nocedal, Wright, "Numerical optimization", 2nd ed. 2006, algorithms 3.5 and 3.6; Hager, Zhang, "A new
 *   conjugate gradient method with guaranteed descent and an efficient line search", 2005, (4.1); deviates: points where
 *   φ is no finite number count as too far
 * @internal
 */
export async function wolfeSearch<X>(
  evaluate: (step: number) => Promise<LinePoint<X>>,
  start: LinePoint<X>,
  first: number,
  { decrease, curvature, rounding, maxEvaluations }: WolfeOptions,
): Promise<LineSearch<X>> {
  const close = rounding * Math.abs(start.value);
  const tooHigh = ({ step, value, slope }: LinePoint<X>): boolean => {
    if (!(value > start.value + decrease * step * start.slope)) return Number.isNaN(value);
    return !(value <= start.value + close && slope <= (2 * decrease - 1) * start.slope);
  };
  const flat = ({ slope }: LinePoint<X>): boolean => Math.abs(slope) <= curvature * Math.abs(start.slope);
  let evaluations = 0;
  const at = (step: number): Promise<LinePoint<X>> => {
    evaluations++;
    return evaluate(step);
  };
  const found = (point: LinePoint<X> | undefined): LineSearch<X> => ({ point, evaluations });

  // The bracket: `low` is the lowest point with the sufficient decrease, and φ falls from it towards `high`.
  let low = start;
  let high: LinePoint<X> | undefined;
  let step = first;
  // Where φ goes on falling this ends at −∞ or at a point that is no number; a function with a minimum ends it soon.
  while (!high) {
    const point = await at(step);
    if (tooHigh(point) || (low !== start && point.value >= low.value + close)) high = point;
    // −∞ is a point, too: the caller sees that there is no minimum.
    else if (flat(point) || point.value === -Infinity) return found(point);
    else {
      if (point.slope >= 0) high = low;
      else step = Math.min(10 * point.step, Math.max(2 * point.step, minimizer(low, point) ?? Infinity));
      low = point;
    }
  }
  const limit = evaluations + maxEvaluations;
  while (evaluations < limit) {
    const width = high.step - low.step;
    if (Math.abs(width) <= 1e-16 * Math.abs(high.step)) break;
    const inner = ((minimizer(low, high) ?? NaN) - low.step) / width;
    const point: LinePoint<X> = await at(
      low.step + width * (inner >= 0.1 && inner <= 0.9 ? inner : inner < 0.1 ? 0.1 : 0.5),
    );
    if (tooHigh(point) || point.value >= low.value + close) high = point;
    else {
      if (flat(point)) return found(point);
      if (point.slope * (high.step - low.step) >= 0) high = low;
      low = point;
    }
  }
  return found(low.value < start.value ? low : undefined);
}

/** The minimum of the cubic through two points with their slopes; undefined if there is none. */
function minimizer(a: LinePoint<unknown>, b: LinePoint<unknown>): number | undefined {
  const width = b.step - a.step;
  const d = a.slope + b.slope - (3 * (b.value - a.value)) / width;
  const root = d * d - a.slope * b.slope;
  if (!(root >= 0)) return undefined;
  const r = Math.sign(width) * Math.sqrt(root);
  const step = b.step - (width * (b.slope + r - d)) / (b.slope - a.slope + 2 * r);
  return Number.isFinite(step) ? step : undefined;
}
