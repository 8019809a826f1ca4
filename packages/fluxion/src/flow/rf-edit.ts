import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { treeLeaves, treeMap } from "../core/tree.js";
import { flip } from "../ops/movement.js";
import { recordAttention, replayAttention, type LayerValues } from "./attention-hooks.js";
import { rfSolver } from "./rf-solver.js";
import { sampleHooked, sampleOde, timeGrid, type Velocity } from "./sample.js";
import type { Solver } from "./solver.js";

/** Options that `rfInvert` and `rfEdit` must be given alike. */
interface EditTimes {
  /** Default `rfSolver()`. */
  solver?: Solver;
  /** Number of equal steps, ≥ 1. Default 15. */
  steps?: number;
  /** Ascending times from noise to data instead of equal steps. */
  grid?: readonly number[];
}

/** Options of `rfInvert`. */
export interface RfInvertOptions extends EditTimes {
  /** Steps nearest the noise whose attention values the edit shares, 0 … steps. Default 0. */
  share?: number;
  /** Layers whose values are shared. Default: all. */
  layers?: (layer: number) => boolean;
}

/** What `rfInvert` gives. */
export type Inverted = {
  /** Where the flow takes the data to: as x1. */
  readonly noise: Tensor;
  /** Values by evaluation and layer, [share, B, H, N, E] in the order of the edit. */
  readonly shared: readonly LayerValues[];
};

/** Options of `rfEdit`. */
export interface RfEditOptions extends EditTimes {
  /** Evaluations of a step that take shared values. Default: all. */
  stages?: (stage: number) => boolean;
}

/** @throws OptionError */
function timesOf(where: string, { steps = 15, grid }: EditTimes, share: number): number[] {
  const times = timeGrid(grid ? { grid } : { steps });
  if (times[0]! > times[1]!)
    throw new OptionError({ where, want: "an ascending grid", got: times.join(", ") });
  if (!Number.isInteger(share) || share < 0 || share > times.length - 1)
    throw new OptionError({ where, want: `share, 0 … ${times.length - 1} steps`, got: String(share) });
  return times;
}

/**
 * Runs a flow from data to noise and keeps the attention values of the `share` steps nearest the noise.
 * @param velocity under the condition that describes `x1`, without guidance
 * @param x1 data [B, ...]
 * @throws OptionError; for a network without a tap unless `share` is 0
 * @source J. Wang et al., 2024, arXiv 2411.04746, §3.2 and §3.3; deviates: none
 */
export function rfInvert(velocity: Velocity, x1: Tensor, options: RfInvertOptions = {}): Inverted {
  const where = "flow.rfInvert";
  checkOptions(where, options, ["solver", "steps", "grid", "share", "layers"]);
  const { solver = rfSolver(), share = 0, layers } = options;
  const back = timesOf(where, options, share).reverse();
  const from = back.length - 1 - share;
  const x = from === 0 ? x1 : sampleOde(velocity, x1, { solver, grid: back.slice(0, from + 1) });
  if (share === 0) return { noise: x, shared: [] };
  const hooks = [recordAttention(layers)] as const;
  const { end, outputs } = sampleHooked(velocity, x, { solver, hooks, grid: back.slice(from) });
  // An interval has the same place in both directions: the last of the inversion is the first of the edit.
  return { noise: end, shared: treeMap((values: Tensor) => flip(values, 0), outputs[0]) };
}

/**
 * Runs a flow from the noise of `rfInvert` to data; the first steps attend to the values that the inversion kept, so that
 * the edit holds on to the source.
 * @param velocity under the condition that describes the result, with guidance if wanted
 * @throws OptionError
 * @source J. Wang et al., 2024, arXiv 2411.04746, §3.3; deviates: none
 */
export function rfEdit(velocity: Velocity, from: Inverted, options: RfEditOptions = {}): Tensor {
  const where = "flow.rfEdit";
  checkOptions(where, options, ["solver", "steps", "grid", "stages"]);
  const { solver = rfSolver(), stages } = options;
  const share = treeLeaves(from.shared)[0]?.shape[0] ?? 0;
  const times = timesOf(where, options, share);
  const shared =
    share === 0
      ? from.noise
      : sampleOde(velocity, from.noise, {
          ...{ solver, grid: times.slice(0, share + 1) },
          hooks: [replayAttention(from.shared, stages)],
        });
  return share === times.length - 1
    ? shared
    : sampleOde(velocity, shared, { solver, grid: times.slice(share) });
}
