import { normalFrom } from "../../data/seeded.js";
import type { RowSystem } from "./least-squares.js";

/**
 * A random S [s, n] with ‖S y‖ ≈ ‖y‖ on the span of few vectors: "countsketch" adds every row with a random sign to
 * one random row of the result, in n·k; "srht" (subsampled randomised Hadamard transform) mixes all rows, in
 * n·log n·k; "gaussian" is dense, in s·n·k.
 */
export type SketchKind = "countsketch" | "srht" | "gaussian";

/** Applies a sketch to A and b: writes S A [s, k] and S b [s], returns the operations it took. @internal */
export type Sketch = (system: RowSystem, sa: Float64Array, sb: Float64Array) => number;

/** A sketch of `s` rows for systems with rows among `size`. @internal */
export function makeSketch(
  kind: SketchKind,
  s: number,
  size: number,
  k: number,
  uniform: () => number,
): Sketch {
  return { countsketch, srht, gaussian }[kind](s, size, k, uniform);
}

/**
 * Every row of the factor has one bucket and sign for a half-step; a system restricts them to its own rows. For each
 * system this is a CountSketch of its rows, without a draw for every observed entry.
 */
function countsketch(s: number, size: number, k: number, uniform: () => number): Sketch {
  const bucket = Int32Array.from({ length: size }, () => Math.floor(2 * s * uniform()));
  return ({ a, b, n, rows, from }, sa, sb) => {
    sa.fill(0);
    sb.fill(0);
    for (let i = 0, at = 0; i < n; i++, at += k) {
      const drawn = bucket[rows[from + i]!]!;
      const to = drawn >> 1;
      const sign = drawn & 1 ? 1 : -1;
      for (let j = 0; j < k; j++) sa[to * k + j]! += sign * a[at + j]!;
      sb[to]! += sign * b[i]!;
    }
    return n * (k + 1);
  };
}

function gaussian(s: number, _: number, k: number, uniform: () => number): Sketch {
  const normal = normalFrom(uniform);
  const scale = 1 / Math.sqrt(s);
  return ({ a, b, n }, sa, sb) => {
    sa.fill(0);
    sb.fill(0);
    for (let to = 0; to < s; to++) {
      for (let i = 0, at = 0; i < n; i++, at += k) {
        const weight = scale * normal();
        for (let j = 0; j < k; j++) sa[to * k + j]! += weight * a[at + j]!;
        sb[to]! += weight * b[i]!;
      }
    }
    return s * n * (k + 1);
  };
}

/** √(1/s)·P H D: random signs, Hadamard's transform of the rows padded by 0, and s of them drawn. */
function srht(s: number, size: number, k: number, uniform: () => number): Sketch {
  const wide = k + 1;
  let room = 1;
  while (room < size) room *= 2;
  const mixed = new Float64Array(room * wide);
  return ({ a, b, n }, sa, sb) => {
    let padded = 1;
    while (padded < n) padded *= 2;
    mixed.fill(0, 0, padded * wide);
    for (let i = 0; i < n; i++) {
      const sign = uniform() < 0.5 ? -1 : 1;
      for (let j = 0; j < k; j++) mixed[i * wide + j] = sign * a[i * k + j]!;
      mixed[i * wide + k] = sign * b[i]!;
    }
    for (let half = wide; half < padded * wide; half *= 2) {
      for (let block = 0; block < padded * wide; block += 2 * half) {
        for (let at = block; at < block + half; at++) {
          const [u, v] = [mixed[at]!, mixed[at + half]!];
          mixed[at] = u + v;
          mixed[at + half] = u - v;
        }
      }
    }
    const scale = 1 / Math.sqrt(s);
    for (let to = 0; to < s; to++) {
      const from = Math.floor(padded * uniform()) * wide;
      for (let j = 0; j < k; j++) sa[to * k + j] = scale * mixed[from + j]!;
      sb[to] = scale * mixed[from + k]!;
    }
    return padded * Math.log2(padded) * wide + s * wide;
  };
}
