import { checkOptions, OptionError } from "../core/errors.js";
import { randint, truncatedNormal } from "../core/random/index.js";
import { stopGradient } from "../core/backward.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul } from "../ops/arithmetic.js";
import { cast, greaterEqual, where as choose } from "../ops/compare.js";
import { arange, full } from "../ops/create.js";
import { floor } from "../ops/unary.js";
import type { SampleHook } from "./hooks.js";

/**
 * Through which steps of a sampler a gradient goes, of T in all:
 * "full": all; "fixed": the last `last`; "random": the last K, K uniform on 1 … T, one draw a batch; "gaussian": the steps
 * from b on, b = ⌊N(mean·T, (std·T)²)⌋ drawn until it lies in 1 … T − 1; "perStep": each step on its own draw, step i with
 * probability (i + 1)/(T + 1), which is no truncation, as early steps keep a gradient past later ones that have none.
 */
export type Truncation =
  | { readonly mode: "full" | "random" | "perStep" }
  | { readonly mode: "fixed"; readonly last: number }
  | { readonly mode: "gaussian"; readonly mean?: number; readonly std?: number };

/**
 * Draws which steps keep their gradient.
 * @param key uint32 [2]
 * @param steps T, whole number ≥ 1
 * @returns bool [T], from the noisiest step to the last
 * @throws OptionError
 * @source M. Prabhudesai et al., 2023, arXiv 2310.03739, §4 (randomised truncation); deviates: "gaussian" is the rule of
 *   the authors' newer code in parts of T (mean 0.84, std 0.1), "perStep" what their first code does
 */
export function truncationMask(key: Tensor, steps: number, truncation: Truncation): Tensor {
  const where = "flow.truncationMask";
  if (!Number.isInteger(steps) || steps < 1)
    throw new OptionError({ where, want: "steps a whole number ≥ 1", got: String(steps) });
  const index = arange(steps);
  switch (truncation.mode) {
    case "full":
      return full([steps], true);
    case "fixed": {
      checkOptions(where, truncation, ["mode", "last"]);
      const { last } = truncation;
      if (!Number.isInteger(last) || last < 1 || last > steps)
        throw new OptionError({ where, want: `last, 1 … ${steps}`, got: String(last) });
      return greaterEqual(index, steps - last);
    }
    case "random":
      return greaterEqual(index, randint(key, [], 0, steps));
    case "gaussian": {
      checkOptions(where, truncation, ["mode", "mean", "std"]);
      const { mean = 0.84, std = 0.1 } = truncation;
      if (!(std > 0) || !Number.isFinite(mean) || steps < 2)
        throw new OptionError({
          where,
          want: "mean, std > 0 and at least 2 steps",
          got: `${mean}, ${std}, ${steps} steps`,
        });
      // ⌊b⌋ in 1 … T − 1 is b in [1, T): a truncated normal, without rejections.
      const [low, high] = [1, steps].map((b) => (b / steps - mean) / std) as [number, number];
      const b = mul(add(mul(truncatedNormal(key, low, high, []), std), mean), steps);
      return greaterEqual(index, cast(floor(b), "int32"));
    }
    case "perStep":
      return greaterEqual(index, randint(key, [steps], 0, steps + 1));
  }
}

/**
 * A hook that lets a gradient into the model only at some steps; the point itself passes it on at all of them. Values do
 * not change. It comes after the other hooks, so that theirs are stopped, too.
 * @param mask bool [T], see `truncationMask`
 * @source M. Prabhudesai et al., 2023, arXiv 2310.03739, §4; deviates: none
 */
export const truncateGradient = (mask: Tensor): SampleHook<unknown, Tensor> => ({
  name: "truncateGradient",
  inputs: mask,
  predict(velocity, { x, t }, { input }) {
    const v = velocity(x, t);
    return { v: choose(input, v, stopGradient(v)) };
  },
});
