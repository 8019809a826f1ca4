import { broadcastShapes, sizeOf } from "../../core/shape.js";
import { LIMIT, type Draw, type Step } from "./draw.js";
import type { Value } from "./recorder.js";

const unary =
  (name: string, bound: (b: number) => number): Step =>
  (d) => {
    const x = d.value();
    return d.call(name, [x], bound(x.bound));
  };

/** `f` after making the argument positive: x² + c. */
const ofPositive =
  (name: string, bound: (b: number) => number): Step =>
  (d) => {
    const x = d.value();
    const square = d.recorder.call("square", [x], x.bound ** 2);
    return d.call(
      name,
      [d.recorder.call("add", [square, 0.3 + d.factor()], square.bound + 2)],
      bound(x.bound),
    );
  };

/** `f` at a distance from its kink at zero: of x + c. */
const shifted =
  (name: string): Step =>
  (d) => {
    const x = d.value();
    return d.call(name, [d.recorder.call("add", [x, d.factor() / 7], x.bound + 1)], x.bound + 1);
  };

/** Two values that broadcast together. */
function pair(d: Draw): [Value, Value] {
  const [a, b] = [d.value(), d.value()];
  try {
    if (sizeOf(broadcastShapes("", a.t.shape, b.t.shape)) <= LIMIT) return [a, b];
  } catch {
    // They do not; the second is reduced until it does.
  }
  return [a, d.fit(b, a.t.shape)];
}

const binary =
  (name: string, bound: (a: number, b: number) => number): Step =>
  (d) => {
    const [a, b] = pair(d);
    return d.call(name, [a, b], bound(a.bound, b.bound));
  };

/** The second operand moved off the first, so that they are never nearly equal. */
const kinked =
  (name: string): Step =>
  (d) => {
    const [a, b] = pair(d);
    const c = d.recorder.call("mul", [b, d.factor()], b.bound * 1.3);
    return d.call(
      name,
      [a, d.recorder.call("add", [c, 0.0871], c.bound + 1)],
      Math.max(a.bound, c.bound + 1),
    );
  };

export const pointwise: readonly Step[] = [
  unary("tanh", () => 1),
  unary("sin", () => 1),
  unary("cos", () => 1),
  unary("sigmoid", () => 1),
  unary("neg", (b) => b),
  unary("square", (b) => b * b),
  (d) => d.call("exp", [d.recorder.call("tanh", [d.value()], 1)], 3),
  (d) => d.call("softplus", [d.value()], 25),
  (d) => d.call("erfinv", [d.recorder.call("mul", [d.recorder.call("tanh", [d.value()], 1), 0.7], 0.7)], 1),
  ofPositive("sqrt", (b) => b + 2),
  ofPositive("log", (b) => Math.log(b * b + 3) + 2),
  ofPositive("reciprocal", () => 4),
  ofPositive("rsqrt", () => 2),
  shifted("abs"),
  shifted("relu"),
  binary("add", (a, b) => a + b),
  binary("sub", (a, b) => a + b),
  binary("mul", (a, b) => a * b),
  (d) => {
    // Operators that ONNX Runtime has in single precision only.
    if (d.dtype === "float64") return undefined;
    const [a, b] = pair(d);
    const x = d.recorder.call("add", [b, b.bound + 0.3], 2 * b.bound + 1);
    return d.one([
      () => d.call("atan2", [a, x], 4),
      () => d.call(d.one(["erf", "atan", "gelu", "silu"]), [a], a.bound + 1),
    ])();
  },
  kinked("maximum"),
  kinked("minimum"),
  (d) => {
    const [a, b] = pair(d);
    const square = d.recorder.call("square", [b], b.bound ** 2);
    const below = d.recorder.call("add", [square, 0.3 + d.factor()], square.bound + 2);
    return d.call("div", [a, below], a.bound * 2);
  },
  (d) => {
    const x = d.value();
    const positive = d.recorder.call("add", [d.recorder.call("sigmoid", [x], 1), 0.3], 2);
    return d.call("pow", [positive, d.fit(d.call("tanh", [d.value()], 1), x.t.shape)], 4);
  },
  (d) => {
    const x = d.value();
    return d.call(d.one(["mul", "add", "sub", "div"]), [x, d.factor()], x.bound * 5 + 2);
  },
  (d) => {
    const x = d.value();
    return d.call(
      "sub",
      [d.factor(), d.recorder.call("mul", [d.factor(), x], x.bound * 1.3)],
      x.bound * 1.3 + 2,
    );
  },
  (d) => {
    const x = d.value();
    return d.call("pow", [x, d.one([2, 3])], x.bound ** 3);
  },
  (d) => {
    const x = d.value();
    return d.call("clip", [x, -d.factor(), d.factor() + 0.05], 2);
  },
  (d) => {
    const [a, b] = pair(d);
    const name = d.one(["greater", "less", "greaterEqual"]);
    const mask = d.recorder.call(name, [a, d.factor() - 0.5], 1);
    return d.call("where", [mask, b, d.one<Value | number>([a, d.factor()])], Math.max(a.bound, b.bound, 2));
  },
  (d) => {
    const x = d.value();
    const whole = d.recorder.call(
      d.one(["floor", "round", "ceil", "trunc"]),
      [d.recorder.call("add", [x, 0.0713], x.bound + 1)],
      x.bound + 1,
    );
    return d.call("add", [d.recorder.call("mul", [whole, 0.1], x.bound), x], 2 * x.bound + 1);
  },
  (d) => {
    const x = d.value();
    const other = d.dtype === "float64" ? "float32" : "float64";
    const kept = d.recorder.call(
      "stopGradient",
      [d.recorder.call("floor", [d.recorder.call("add", [x, 0.0713], x.bound)], x.bound)],
      x.bound + 1,
    );
    const there = d.recorder.call(
      "cast",
      [d.recorder.call("cast", [kept, d.one(["int32", "int64", other])], x.bound), d.dtype],
      x.bound,
    );
    return d.call("add", [d.recorder.call("mul", [there, 0.1], x.bound), x], 2 * x.bound + 1);
  },
];
