import { sizeOf, type Shape } from "../../core/shape.js";
import { flatIndex, forEachIndex, type Rule, type Rules, type Value } from "./value.js";

/** The elements that each element of the result is made of, in row-major order. */
function groups(x: Value, axes: readonly number[], shape: Shape): number[][] {
  const out: number[][] = Array.from({ length: sizeOf(shape) }, () => []);
  forEachIndex(x.shape, (index, flat) => {
    const rest = index.filter((_, i) => !axes.includes(i));
    out[flatIndex(rest, shape)]!.push(x.data[flat]!);
  });
  return out;
}

const reduction =
  (f: (list: number[]) => number): Rule =>
  ([x], { attrs, shapeOf }) => [groups(x!, attrs.axes as number[], shapeOf(0)).map(f)];

const position =
  (better: (a: number, b: number) => boolean): Rule =>
  ([x], { attrs, shapeOf }) => [
    groups(x!, [attrs.axis as number], shapeOf(0)).map((list) =>
      list.reduce((best, v, i) => (better(v, list[best]!) ? i : best), 0),
    ),
  ];

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

export const reduce: Rules = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction((list) => sum(list) / list.length),
  ReduceMax: reduction((list) => list.reduce((a, b) => Math.max(a, b), -Infinity)),
  ReduceMin: reduction((list) => list.reduce((a, b) => Math.min(a, b), Infinity)),
  ReduceProd: reduction((list) => list.reduce((a, b) => a * b, 1)),
  ArgMax: position((a, b) => a > b),
  ArgMin: position((a, b) => a < b),
  CumSum: ([x], { attrs }) => {
    const axis = attrs.axis as number;
    const out = new Float64Array(x!.data.length);
    forEachIndex(x!.shape, (index, flat) => {
      const last = x!.shape[axis]! - 1;
      const [from, to] = attrs.reverse ? [index[axis]!, last] : [0, index[axis]!];
      for (let i = from; i <= to; i++) out[flat]! += x!.data[flatIndex(index.with(axis, i), x!.shape)]!;
    });
    return [out];
  },
};
