import { sizeOf } from "../../core/shape.js";
import { LIMIT, type Draw, type Step } from "./draw.js";
import type { Arg, Value } from "./recorder.js";

/** The first value drawn with at least `rank` axes. */
function ranked(d: Draw, rank: number): Value | undefined {
  for (let i = 0; i < 4; i++) {
    const x = d.value();
    if (x.t.rank >= rank) return x;
  }
  return undefined;
}

const onAxis =
  (f: (d: Draw, x: Value, axis: number) => Value | undefined): Step =>
  (d) => {
    const x = ranked(d, 1);
    return x && f(d, x, d.below(x.t.rank));
  };

/** A permutation drawn from few choices: a rotation, perhaps with the last two swapped. */
function permutation(d: Draw, rank: number): number[] {
  const turn = d.below(rank);
  const perm = Array.from({ length: rank }, (_, i) => (i + turn) % rank);
  if (rank > 1 && d.below(2) === 0) perm.push(...perm.splice(-2).reverse());
  return perm;
}

/** The axes' sizes regrouped: two neighbours merged, one split off, or an axis of size 1 put in. */
function regrouped(d: Draw, shape: readonly number[]): number[] {
  const at = d.below(shape.length + 1);
  if (d.below(2) === 0 && at + 1 < shape.length) {
    return [...shape.slice(0, at), shape[at]! * shape[at + 1]!, ...shape.slice(at + 2)];
  }
  const even = shape.findIndex((n) => n % 2 === 0 && n > 2);
  if (d.below(2) === 0 && even >= 0)
    return [...shape.slice(0, even), shape[even]! / 2, 2, ...shape.slice(even + 1)];
  return [...shape.slice(0, at), 1, ...shape.slice(at)];
}

export const movement: readonly Step[] = [
  (d) => {
    const x = ranked(d, 2);
    return x && d.call("transpose", [x, permutation(d, x.t.rank)], x.bound);
  },
  (d) => {
    const x = d.value();
    const shape = regrouped(d, x.t.shape);
    return shape.length > 5
      ? d.call("reshape", [x, [x.t.size]], x.bound)
      : d.call("reshape", [x, shape], x.bound);
  },
  (d) => {
    const x = d.value();
    const shape = [1 + d.below(3), ...x.t.shape.map((n) => (n === 1 ? 1 + d.below(3) : n))];
    return sizeOf(shape) > LIMIT || shape.length > 5 ? undefined : d.call("broadcastTo", [x, shape], x.bound);
  },
  (d) => d.call("squeeze", [d.value()], 3),
  onAxis((d, x, axis) => d.call("flip", [x, axis], x.bound)),
  onAxis((d, x, axis) => d.call("roll", [x, d.below(5) - 2, axis], x.bound)),
  onAxis((d, x, axis) => (x.t.size * 2 > LIMIT ? undefined : d.call("repeat", [x, 2, axis], x.bound))),
  onAxis((d, x, axis) =>
    x.t.size * 2 > LIMIT
      ? undefined
      : d.call("tile", [x, x.t.shape.map((_, i) => (i === axis ? 2 : 1))], x.bound),
  ),
  (d) => {
    const x = ranked(d, 1);
    if (!x) return undefined;
    const parts = x.t.shape.map((n): Arg => {
      const from = d.below(n);
      return d.one<Arg>([null, from, [from, n], [null, null, -1], [null, null, 2], [n - 1, null, -2]]);
    });
    return d.call("slice", [x, ...parts], x.bound);
  },
  onAxis((d, x, axis) => {
    const widths = x.t.shape.map((_, i) => (i === axis ? [d.below(3), d.below(2)] : [0, 0]));
    const mode = d.one(["constant", "edge", "wrap", "reflect"]);
    const n = x.t.shape[axis]!;
    if ((mode === "reflect" && n < 3) || (mode === "wrap" && n < 2)) return undefined;
    return x.t.size * 3 > LIMIT
      ? undefined
      : d.call("pad", [x, widths, { mode, value: d.one([0, 0.37]) }], x.bound + 1);
  }),
  onAxis((d, x, axis) => {
    if (x.t.size * 2 > LIMIT) return undefined;
    const y = d.fit(d.value(), x.t.shape);
    return d.call("concat", [[x, y, d.call("mul", [x, 0.51], x.bound)], axis], Math.max(x.bound, y.bound));
  }),
  (d) => {
    const x = d.value();
    if (x.t.size * 2 > LIMIT || x.t.rank > 4) return undefined;
    const y = d.fit(d.value(), x.t.shape);
    return d.call("stack", [[x, y], d.below(x.t.rank + 1)], Math.max(x.bound, y.bound));
  },
  onAxis((d, x, axis) => {
    const n = x.t.shape[axis]!;
    if (n < 2) return undefined;
    const [a, b] = d.recorder.callMany("split", [x, [1, n - 1], axis], [x.bound, x.bound]);
    return d.call("mul", [a!, b!], x.bound ** 2);
  }),
];
