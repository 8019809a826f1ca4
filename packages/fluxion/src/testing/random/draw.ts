import { sizeOf, type Shape } from "../../core/shape.js";
import type { Recorder, Value } from "./recorder.js";

/** Largest number of elements a value may have. */
export const LIMIT = 96;
/** Values that may exceed this are squashed, so that programs stay well-conditioned. */
const LARGE = 20;

/** What one step of a program draws its choices from, and what it may compute with. */
export class Draw {
  #at = 0;

  constructor(
    readonly recorder: Recorder,
    readonly values: readonly Value[],
    readonly choices: readonly number[],
    /** How many more functions may be nested in one another. */
    readonly depth: number,
    readonly dtype: "float64" | "float32",
  ) {}

  /** A whole number in [0, n). */
  below(n: number): number {
    const k = this.choices.length === 0 ? 0 : this.choices[this.#at++ % this.choices.length]!;
    return (k + Math.floor(this.#at / (this.choices.length + 1))) % n;
  }

  /** One of a list. */
  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A value computed before, the latest for small choices. */
  value(): Value {
    return this.values[this.values.length - 1 - this.below(this.values.length)]!;
  }

  /** A generic factor in (0.2, 1.3), never a round number. */
  factor(): number {
    return 0.2137 + 0.1091 * this.below(10);
  }

  call(name: string, args: Parameters<Recorder["call"]>[1], bound: number): Value {
    return this.tame(this.recorder.call(name, args, bound));
  }

  /** `v`, squashed if it may be large. */
  tame(v: Value): Value {
    return v.bound <= LARGE
      ? v
      : this.recorder.call("tanh", [this.recorder.call("mul", [v, 1 / v.bound ** 0.5], v.bound ** 0.5)], 1);
  }

  /** `v` plus a generic offset for every element, so that no two are equal. */
  apart(v: Value): Value {
    const n = v.t.size;
    if (n < 2) return v;
    const ramp = this.recorder.call("linspace", [0.0137, 0.3771, n, { dtype: this.dtype }], 1);
    return this.call("add", [v, this.recorder.call("reshape", [ramp, v.t.shape], 1)], v.bound + 1);
  }

  /** `v` in another shape: broadcast where that is possible, else its mean. */
  fit(v: Value, shape: Shape): Value {
    const lead = shape.length - v.t.rank;
    if (lead === 0 && v.t.shape.every((d, i) => d === shape[i])) return v;
    const broadcasts = lead >= 0 && v.t.shape.every((d, i) => d === 1 || d === shape[i + lead]);
    const small = broadcasts ? v : this.call("mean", [v], v.bound);
    return small.t.shape.length === shape.length && small.t.size === sizeOf(shape)
      ? small
      : this.call("broadcastTo", [small, shape], small.bound);
  }

  /** A draw for the body of a function, over other values. */
  within(values: readonly Value[]): Draw {
    const rest = this.choices.map((_, i) => this.choices[(this.#at + i) % this.choices.length]!);
    return new Draw(this.recorder, values, rest, this.depth - 1, this.dtype);
  }
}

/** A kind of step: computes something new, or gives undefined where the values at hand do not allow it. */
export type Step = (d: Draw) => Value | undefined;
