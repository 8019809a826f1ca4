import { checkOptions, OptionError, ShapeError, TreeError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { treeMap, treePaths } from "../core/tree.js";
import { add, mul } from "../ops/arithmetic.js";
import { zeros } from "../ops/create.js";
import { concat } from "../ops/movement.js";
import { matmul } from "../ops/matmul.js";
import { normalInit, type Initializer } from "./initializers.js";

/** What is added to a weight [in, out]: down [in, rank] times up [rank, out]. */
export type LowRank = { down: Tensor; up: Tensor };

/** Low-rank changes of a model's weights, by the path of the weight, e.g. `layers[0].weight`. */
export type Lora = { [path: string]: LowRank };

/** Options of `initLora`. */
export interface LoraOptions {
  /** Default 4. */
  rank?: number;
  /** Which weights are adapted, by path. Default: all float matrices named `weight`. */
  match?: (path: string, weight: Tensor) => boolean;
  /** Of `down`. Default: normal with standard deviation 1/rank; `up` is 0, so that the model starts unchanged. */
  init?: Initializer;
}

/**
 * Low-rank changes of the matrices of a model, W + down·up, that begin at nothing.
 * @param params of the model; only shapes and paths are read
 * @throws OptionError for a rank that is no whole number ≥ 1, or no weight that matches; ShapeError for one that is no matrix
 * @source E. Hu et al., 2021, arXiv 2106.09685, eq. 3; M. Prabhudesai et al., 2023, arXiv 2310.03739, §4; deviates: the
 *   factor alpha/rank is the `scale` of `mergeLora`, and weights are [in, out]
 */
export function initLora(key: Tensor, params: unknown, options: LoraOptions = {}): Lora {
  const where = "nn.initLora";
  checkOptions(where, options, ["rank", "match", "init"]);
  const { rank = 4, match = isWeight } = options;
  if (!Number.isInteger(rank) || rank < 1)
    throw new OptionError({ where, want: "rank a whole number ≥ 1", got: String(rank) });
  const init = options.init ?? normalInit(1 / rank);
  const chosen = treePaths(params).filter(({ path, leaf }) => match(path, leaf));
  if (chosen.length === 0)
    throw new OptionError({
      where,
      want: "a weight that matches",
      got: "none",
      hint: "`match` gets paths such as layers[0].weight",
    });
  const pairs = chosen.map(({ path, leaf }, i): [string, LowRank] => {
    const [inputs, outputs] = matrixSizes(`${where}: ${path}`, leaf);
    return [path, { down: init(foldIn(key, i), [inputs, rank], inputs, rank), up: zeros([rank, outputs]) }];
  });
  return Object.fromEntries(pairs);
}

const isWeight = (path: string, { rank, dtype }: Tensor): boolean =>
  /(^|\.)weight$/.test(path) && rank === 2 && dtype === "float32";

function matrixSizes(where: string, { shape }: Tensor): [number, number] {
  if (shape.length !== 2) throw new ShapeError({ where, want: "a matrix [in, out]", got: showShape(shape) });
  return [shape[0]!, shape[1]!];
}

/**
 * Parameters with their low-rank changes added: W + scale·down·up. Differentiable; in a sampler's loss call it once,
 * outside the loop.
 * @param scale any number, default 1; of a LoRA trained elsewhere it is alpha/rank. The change is linear in it.
 * @throws TreeError for a path that `params` does not have, ShapeError for a weight of another shape
 */
export function mergeLora<P>(params: P, lora: Lora, scale: number | Tensor = 1): P {
  const where = "nn.mergeLora";
  const known = new Set(treePaths(params).map(({ path }) => path));
  const missing = Object.keys(lora).find((path) => !known.has(path));
  if (missing !== undefined) throw new TreeError({ where, want: "paths of weights", got: `"${missing}"` });
  return treeMap((weight: Tensor, ...rest: never[]) => {
    const path = rest.at(-1) as unknown as string;
    const change = Object.hasOwn(lora, path) ? lora[path] : undefined;
    if (!change) return weight;
    const product = matmul(change.down, change.up);
    if (product.shape.join() !== weight.shape.join())
      throw new ShapeError({
        where: `${where}: ${path}`,
        want: showShape(weight.shape),
        got: showShape(product.shape),
      });
    return add(weight, mul(product, scale));
  }, params) as P;
}

/** Options of `mixLora`. */
export interface MixLoraOptions {
  /**
   * "product" adds the changes of the weights, Σ c·down·up, at the sum of the ranks. "factors" adds down and up apart, as
   * the authors of AlignProp do: c·down times c·up is c² of the change, and two LoRAs meet in cross terms. Default
   * "product".
   */
  mode?: "product" | "factors";
}

/**
 * One LoRA of several: a mixture of what they were trained for, or with one and c < 1 a point between it and the base.
 * @param coefficients one number a LoRA
 * @throws OptionError for numbers that do not fit; TreeError for other weights, with "factors" ShapeError for other ranks
 * @source M. Prabhudesai et al., 2023, arXiv 2310.03739, §5 (mixing weights); deviates: "product", which is linear
 */
export function mixLora(
  loras: readonly Lora[],
  coefficients: readonly number[],
  options: MixLoraOptions = {},
): Lora {
  const where = "nn.mixLora";
  checkOptions(where, options, ["mode"]);
  const { mode = "product" } = options;
  if (mode !== "product" && mode !== "factors")
    throw new OptionError({ where, want: "mode product or factors", got: String(mode) });
  if (loras.length === 0 || coefficients.length !== loras.length || !coefficients.every(Number.isFinite)) {
    const want = `a finite coefficient for each of ${loras.length} LoRAs, at least one`;
    throw new OptionError({ where, want, got: `[${coefficients.join(", ")}]` });
  }
  const paths = Object.keys(loras[0]!);
  const other = loras.find((lora) => Object.keys(lora).sort().join() !== [...paths].sort().join());
  if (other)
    throw new TreeError({
      where,
      want: `changes of ${paths.join(", ")}`,
      got: Object.keys(other).join(", "),
    });
  const sum = (parts: readonly Tensor[]): Tensor =>
    parts.map((t, i) => mul(t, coefficients[i]!)).reduce((a, b) => add(a, b));
  const mixed = paths.map((path): [string, LowRank] => {
    const [downs, ups] = [loras.map((l) => l[path]!.down), loras.map((l) => l[path]!.up)];
    if (mode === "factors") return [path, { down: sum(downs), up: sum(ups) }];
    return [
      path,
      {
        down: concat(downs, 1),
        up: concat(
          ups.map((t, i) => mul(t, coefficients[i]!)),
          0,
        ),
      },
    ];
  });
  return Object.fromEntries(mixed);
}
