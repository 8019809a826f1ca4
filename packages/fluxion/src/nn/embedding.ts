import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { constant } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";
import { take } from "../ops/gather.js";
import { concat, reshape } from "../ops/movement.js";
import { cos, sin } from "../ops/unary.js";
import { normalInit } from "./initializers.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/**
 * Sinusoidal features of a scalar: sin(f·t) and cos(f·t) at frequencies from `min` to `max` in geometric steps.
 * @param t [B], usually time in [0, 1]
 * @param size number of features, even
 * @param options `min` default 1, `max` default 1000 (radians per unit of t)
 * @returns [B, size], first all sines, then all cosines
 * @throws OptionError for an odd size or frequencies that are not positive
 */
export function sinusoidal(t: Tensor, size: number, options: { min?: number; max?: number } = {}): Tensor {
  const where = "nn.sinusoidal";
  checkOptions(where, options, ["min", "max"]);
  const { min = 1, max = 1000 } = options;
  checkSizes(where, { "size / 2": size / 2 });
  if (!(min > 0 && max > 0 && min < Infinity && max < Infinity))
    throw new OptionError({ where, want: "min and max above 0", got: `${min}, ${max}` });
  const half = size / 2;
  const ratio = half > 1 ? (max / min) ** (1 / (half - 1)) : 1;
  const frequencies = constant(
    Array.from({ length: half }, (_, i) => min * ratio ** i),
    "float32",
    [1, half],
  );
  const angle = mul(reshape(t, [t.size, 1]), frequencies);
  return concat([sin(angle), cos(angle)], 1);
}

/**
 * A learned table: int indices [...] → [..., D]. With `nullClass` the table has one more row, index `count`, which
 * stands for "no condition" in classifier-free guidance.
 * @param options `nullClass` default false; `std` of the normal entries at the start, default 0.02
 * @throws OptionError
 */
export function embedding(
  count: number,
  size: number,
  options: { nullClass?: boolean; std?: number } = {},
): Model<{ table: Tensor }> {
  checkOptions("nn.embedding", options, ["nullClass", "std"]);
  checkSizes("nn.embedding", { count, size });
  const rows = count + (options.nullClass ? 1 : 0);
  return {
    init: (key) => ({ table: normalInit(options.std ?? 0.02)(key, [rows, size], 1, size) }),
    apply: (params, index) => take(params.table, index, 0),
  };
}

/**
 * Fixed two-dimensional sine-cosine positions of a grid of tokens, row by row.
 * @returns [rows·columns, size]: sines and cosines of the row, then of the column
 * @throws OptionError unless size is divisible by 4
 */
export function gridPositions(rows: number, columns: number, size: number): Tensor {
  const quarter = size / 4;
  checkSizes("nn.gridPositions", { rows, columns, "size / 4": quarter });
  const values: number[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      for (const at of [r, c]) {
        for (const f of [Math.sin, Math.cos]) {
          for (let i = 0; i < quarter; i++) values.push(f(at / 10000 ** (i / quarter)));
        }
      }
    }
  }
  return constant(values, "float32", [rows * columns, size]);
}
