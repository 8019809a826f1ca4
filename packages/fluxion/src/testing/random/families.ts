import { LIMIT, type Draw, type Step } from "./draw.js";
import type { Value } from "./recorder.js";

/** `v` cut or repeated to [a, b, c] with small sizes, as [batch, channels, length]. */
function signal(d: Draw, channels: number, length: number, rows: number): Value {
  const v = d.value();
  const flat = d.call("reshape", [v, [v.t.size]], v.bound);
  const want = rows * channels * length;
  const long = flat.t.size >= want ? flat : d.call("tile", [flat, [Math.ceil(want / flat.t.size)]], v.bound);
  const cut = d.apart(d.call("slice", [long, [0, want]], v.bound));
  return d.call("reshape", [cut, [rows, channels, length]], cut.bound);
}

/** Positions in [0, n), repeated and out of order. */
function positions(d: Draw, count: number, n: number): Value {
  const ramp = d.recorder.call("arange", [count], count);
  return d.recorder.call("remainder", [d.recorder.call("mul", [ramp, 1 + d.below(3)], count * 3), n], n);
}

const alongAxis =
  (f: (d: Draw, x: Value, axis: number) => Value | undefined): Step =>
  (d) => {
    const x = d.value();
    return x.t.rank === 0 ? undefined : f(d, x, d.below(x.t.rank));
  };

export const families: readonly Step[] = [
  (d) => {
    // No double kernel.
    if (d.dtype === "float64") return undefined;
    const groups = 1 + d.below(2);
    const x = signal(d, 2, 5, 1 + d.below(2));
    const w = d.call("mul", [signal(d, 2 / groups, 1 + d.below(3), 2), 0.3], 5);
    const options = { stride: 1 + d.below(2), padding: d.below(2), dilation: 1 + d.below(2), groups };
    return d.tame(
      d.recorder.call(
        d.one(["conv", "conv", "convTranspose"]),
        [x, w, groups === 2 || d.below(2) ? options : { groups }],
        60,
      ),
    );
  },
  (d) => {
    if (d.dtype === "float64") return undefined;
    const x = signal(d, 1, 6, 2);
    const stride = 1 + d.below(2);
    return d.call(d.one(["maxPool", "avgPool"]), [x, 2, { stride, padding: d.below(2) }], x.bound);
  },
  (d) => {
    const x = signal(d, 2, 3, 1);
    return d.call("resize", [x, [2 + d.below(5)], { mode: d.one(["nearest", "bilinear"]) }], x.bound);
  },
  (d) => {
    const x = signal(d, 1, 5, 2);
    return d.call("unfold", [x, 2, { stride: 1 + d.below(2), padding: d.below(2) }], x.bound);
  },
  (d) => {
    const [a, b] = [signal(d, 2, 3, 2), signal(d, 3, 2, 2)];
    return d.call(
      "einsum",
      [d.one(["bij,bjk->bik", "bij,cjk->ik", "bij,bjk->j", "bij,bji->b"]), a, b],
      a.bound * b.bound * 9,
    );
  },
  (d) => {
    const x = signal(d, 1 + d.below(3), 2, 1 + d.below(3));
    return d.call(d.one(["fft", "ifft"]), [x], x.bound * 3);
  },
  alongAxis((d, x, axis) => {
    const n = x.t.shape[axis]!;
    const at = positions(d, x.t.size, n);
    return d.call("takeAlongAxis", [x, d.recorder.call("reshape", [at, x.t.shape], n), axis], x.bound);
  }),
  alongAxis((d, x, axis) => {
    const n = x.t.shape[axis]!;
    const count = 1 + d.below(3);
    const shape = x.t.shape.with(axis, count);
    if ((x.t.size / n) * count > LIMIT) return undefined;
    const updates = d.fit(d.value(), shape);
    return d.call("scatterAdd", [x, positions(d, count, n), updates, axis], x.bound + 3 * updates.bound);
  }),
  alongAxis((d, x, axis) => {
    const at = d.recorder.call("argmax", [d.apart(x), axis], 4);
    const n = x.t.shape[axis]!;
    if (x.t.size > LIMIT / 2) return undefined;
    const hot = d.recorder.call("oneHot", [at, n, { dtype: d.dtype }], 1);
    return d.call("mul", [hot, d.fit(d.value(), [])], 3);
  }),
  (d) => {
    const x = d.value();
    if (x.t.rank === 0) return undefined;
    const values = d.recorder.callMany(
      "topK",
      [d.apart(x), 1 + d.below(x.t.shape.at(-1)!)],
      [x.bound + 1],
    )[0]!;
    return values;
  },
];
