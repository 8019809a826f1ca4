import { LIMIT, type Draw, type Step } from "./draw.js";
import type { Value } from "./recorder.js";

const reduction =
  (name: string, bound: (b: number, count: number) => number, apart = false): Step =>
  (d) => {
    const v = d.value();
    const x = apart ? d.apart(v) : v;
    const axis =
      x.t.rank === 0
        ? []
        : d.below(2) === 0
          ? [d.below(x.t.rank)]
          : x.t.shape.map((_, i) => i).filter((i) => i % 2 === d.below(2));
    const keepDims = d.below(3) === 0;
    return d.call(name, [x, axis, { keepDims }], bound(x.bound, x.t.size));
  };

/** `v` as a matrix, transposed at a whim. */
function matrix(d: Draw, v: Value): Value {
  const last = v.t.shape.at(-1) ?? 1;
  const m = v.t.rank === 2 ? v : d.call("reshape", [v, [v.t.size / last, last]], v.bound);
  return d.below(2) === 0 ? d.call("transpose", [m], m.bound) : m;
}

/** Cuts or repeats the rows of a matrix to `rows`. */
function withRows(d: Draw, m: Value, rows: number): Value {
  const have = m.t.shape[0]!;
  if (have === rows) return m;
  if (have > rows) return d.call("slice", [m, [0, rows]], m.bound);
  const times = Math.ceil(rows / have);
  return d.call("slice", [d.call("tile", [m, [times, 1]], m.bound), [0, rows]], m.bound);
}

const fits = (a: Value, b: Value): boolean => a.t.shape[0]! * b.t.shape[1]! <= LIMIT;

export const products: readonly Step[] = [
  reduction("sum", (b, n) => b * n),
  reduction("mean", (b) => b),
  reduction("max", (b) => b + 1, true),
  reduction("min", (b) => b + 1, true),
  reduction("logsumexp", (b, n) => b + Math.log(n + 1)),
  reduction("variance", (b) => b * b * 4),
  (d) => {
    const x = d.value();
    return x.t.size > 12 ? undefined : d.call("prod", [x], x.bound ** x.t.size);
  },
  (d) => {
    const x = d.value();
    if (x.t.rank === 0) return undefined;
    const axis = d.below(x.t.rank);
    const n = x.t.shape[axis]!;
    return d.below(2) === 0
      ? d.call("cumsum", [x, axis, { reverse: d.below(2) === 0 }], x.bound * n)
      : d.call("cumprod", [d.call("tanh", [x], 1), axis, { reverse: d.below(2) === 0 }], 1);
  },
  (d) => {
    const a = matrix(d, d.value());
    const b = withRows(d, matrix(d, d.value()), a.t.shape[1]!);
    return fits(a, b) ? d.call("matmul", [a, b], a.bound * b.bound * a.t.shape[1]!) : undefined;
  },
  (d) => {
    // With factors on operands or result: what the simplifier folds into the product.
    const a = d.call("mul", [matrix(d, d.value()), d.factor()], 20);
    const b = withRows(d, matrix(d, d.value()), a.t.shape[1]!);
    if (!fits(a, b)) return undefined;
    const y = d.recorder.call(
      "matmul",
      [a, d.one([b, d.recorder.call("neg", [b], b.bound)])],
      a.bound * b.bound * a.t.shape[1]!,
    );
    return d.tame(d.recorder.call("mul", [d.factor(), y], y.bound * 1.3));
  },
  (d) => {
    // Batches that broadcast against each other, or against one matrix.
    const x = d.value();
    if (x.t.rank < 3) return undefined;
    const b = withRows(d, matrix(d, d.value()), x.t.shape.at(-1)!);
    if ((x.t.size / x.t.shape.at(-1)!) * b.t.shape[1]! > LIMIT) return undefined;
    const other = d.below(2) === 0 ? b : d.call("stack", [[b]], b.bound);
    return d.call("matmul", [x, other], x.bound * b.bound * x.t.shape.at(-1)!);
  },
  (d) => {
    const x = d.value();
    if (x.t.rank < 2 || x.t.rank > 4 || (x.t.size / x.t.shape.at(-1)!) * x.t.shape.at(-2)! > LIMIT)
      return undefined;
    return d.call("matmul", [x, d.call("swapAxes", [x, -1, -2], x.bound)], x.bound ** 2 * x.t.shape.at(-1)!);
  },
  (d) => {
    const x = d.value();
    return x.t.rank === 0
      ? undefined
      : d.call(d.one(["softmax", "logSoftmax"]), [x, d.below(x.t.rank)], 2 * x.bound + 4);
  },
  (d) => {
    const x = d.value();
    return x.t.rank === 0 ? undefined : d.call("rmsNorm", [d.call("add", [x, 0.21], x.bound + 1)], x.t.size);
  },
  (d) => {
    const x = d.value();
    if (x.t.rank === 0) return undefined;
    const y = d.call("layerNorm", [d.apart(x), {}, { epsilon: 0.1 }], 10);
    return d.call("mul", [y, d.factor()], 10);
  },
  (d) => {
    const x = d.value();
    if (x.t.rank === 0) return undefined;
    const axis = d.below(x.t.rank);
    const n = x.t.shape[axis]!;
    const indices = d.recorder.call("arange", [n], n);
    const some = d.recorder.call("remainder", [d.recorder.call("mul", [indices, 2 + d.below(2)], n), n], n);
    return d.call("take", [x, some, axis], x.bound);
  },
  (d) => {
    const x = d.value();
    return x.t.rank === 0 ? undefined : d.call("sort", [d.apart(x), d.below(x.t.rank)], x.bound + 1);
  },
];
