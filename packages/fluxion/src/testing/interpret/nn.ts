import { erf } from "./elementwise.js";
import { build, flatIndex, type Rules, type Value } from "./value.js";

/** For every element, all elements that share its index but for one axis. */
const along = (x: Value, axis: number, f: (list: number[], at: number) => number): Float64Array =>
  build(x.shape, (index) => {
    const line = Array.from(
      { length: x.shape[axis]! },
      (_, i) => x.data[flatIndex(index.with(axis, i), x.shape)]!,
    );
    return f(line, index[axis]!);
  });

/** The elements less the largest, and the logarithm of the sum of their exponentials. */
function shifted(list: readonly number[]): { rest: number[]; logSum: number } {
  const top = list.reduce((a, b) => Math.max(a, b), -Infinity);
  const rest = list.map((v) => v - top);
  return { rest, logSum: Math.log(rest.reduce((s, v) => s + Math.exp(v), 0)) };
}

const logSoftmax = (list: readonly number[], i: number): number => {
  const { rest, logSum } = shifted(list);
  return rest[i]! - logSum;
};

const each =
  (f: (x: number) => number): Rules[string] =>
  ([x]) => [x!.data.map(f)];

export const nn: Rules = {
  Relu: each((x) => (x > 0 ? x : x === x ? 0 : NaN)),
  Silu: each((x) => x / (1 + Math.exp(-x))),
  Gelu: each((x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2))),
  Softplus: each((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Softmax: ([x], { attrs }) => [along(x!, attrs.axis as number, (list, i) => Math.exp(logSoftmax(list, i)))],
  LogSoftmax: ([x], { attrs }) => [along(x!, attrs.axis as number, logSoftmax)],
  LayerNormalization: ([x], { attrs, shapeOf }) => {
    const [axis, epsilon] = [attrs.axis as number, attrs.epsilon as number];
    const count = x!.shape.slice(axis).reduce((n, d) => n * d, 1);
    const inverse: number[] = [];
    const y = new Float64Array(x!.data.length);
    for (let start = 0; start < y.length; start += count) {
      const row = x!.data.subarray(start, start + count);
      const mean = row.reduce((s, v) => s + v, 0) / count;
      const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / count;
      inverse.push(1 / Math.sqrt(variance + epsilon));
      row.forEach((v, i) => (y[start + i] = (v - mean) * inverse.at(-1)!));
    }
    return [y, build(shapeOf(1), (_, flat) => inverse[flat]!)];
  },
};
