import type { Draw, Step } from "./draw.js";
import { families } from "./families.js";
import { movement } from "./movement.js";
import { pointwise } from "./pointwise.js";
import { products } from "./products.js";
import type { Arg, Value } from "./recorder.js";

/** One to three random steps from `values`, then what they gave in the shape of `like`, squashed. */
function body(d: Draw, values: readonly Value[], like: Value): Value {
  const known = [...values];
  const inner = d.within(known);
  const count = 1 + inner.below(3);
  for (let i = 0; i < count; i++) {
    const kinds =
      inner.depth > 0 && inner.below(6) === 0
        ? control
        : inner.one([pointwise, pointwise, movement, products, families]);
    const made = inner.one(kinds)(inner.within(known));
    if (made) known.push(made);
  }
  return inner.recorder.call("tanh", [inner.fit(known.at(-1)!, like.t.shape)], 1);
}

const scalar = (d: Draw, v: Value): Value =>
  v.t.rank === 0 ? v : d.recorder.call("sum", [v], v.bound * v.t.size);

/** A value small enough to take into a loop. */
function small(d: Draw): Value {
  const x = d.value();
  return x.t.size <= 12 ? x : d.fit(x, []);
}

export const control: readonly Step[] = [
  (d) => {
    const [init, xs, closed] = [small(d), d.value(), small(d)];
    const slices = xs.t.rank > 0;
    const f = {
      params: ["c", "x"],
      body: (c: Value, x: Value): Arg => {
        const next = body(d, slices ? [closed, x, c] : [closed, c], c);
        return [next, d.recorder.call("mul", [next, d.one([d.fit(closed, c.t.shape), c])], 20)];
      },
    };
    const options: Arg = slices ? { reverse: d.below(2) === 0 } : { length: 1 + d.below(4) };
    const [last, ys] = d.recorder.callMany(
      "scan",
      [f, d.recorder.call("tanh", [init], 1), slices ? xs : [], options],
      [1, 60],
    );
    return d.below(2) === 0 ? last : d.tame(ys!);
  },
  (d) => {
    const [x, y] = [d.value(), small(d)];
    const predicate = d.recorder.call("greater", [d.fit(d.value(), []), d.factor() - 0.6], 1);
    const branch = (p: string): Arg => ({ params: [p], body: (v: Value): Arg => body(d, [y, v], x) });
    return d.recorder.call("cond", [predicate, branch("a"), branch("b"), x], 1);
  },
  (d) => {
    const [x, closed] = [d.value(), small(d)];
    const f = { params: ["g"], body: (v: Value): Arg => scalar(d, body(d, [closed, v], v)) };
    const g = d.recorder.transform("grad", [f], [x], 100);
    return d.recorder.call("tanh", [g], 1);
  },
  (d) => {
    const [x, closed] = [d.value(), small(d)];
    if (x.t.rank === 0) return undefined;
    const axis = d.below(x.t.rank);
    const f = { params: ["e"], body: (v: Value): Arg => body(d, [closed, v], v) };
    return d.recorder.transform("vmap", [f, { inAxes: axis, outAxes: d.below(x.t.rank) }], [x], 1);
  },
  (d) => {
    const [x, closed] = [d.value(), small(d)];
    const f = { params: ["k"], body: (v: Value): Arg => body(d, [closed, v], v) };
    return d.recorder.transform("checkpoint", [f], [x], 1);
  },
  (d) => {
    const [x, closed] = [small(d), small(d)];
    const f = { params: ["h"], body: (v: Value): Arg => scalar(d, body(d, [closed, v], v)) };
    const h = d.recorder.call("hvp", [f, [x], d.recorder.call("tanh", [x], 1)], 100);
    return d.recorder.call("tanh", [h], 1);
  },
  (d) => {
    const x = small(d);
    const f = { params: ["j"], body: (v: Value): Arg => body(d, [v], v) };
    const [, pushed] = d.recorder.callMany("jvp", [f, [x], [d.recorder.call("cos", [x], 1)]], [1, 100]);
    return d.recorder.call("tanh", [pushed!], 1);
  },
];
