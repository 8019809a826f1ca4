import { checkOptions, OptionError } from "../../core/errors.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { gradientVariance } from "./batch-statistics.js";

/** When a batch is too small; smaller factors ask for larger batches. */
export type BatchTest =
  /** ‖Var(gᵢ)‖₁ / b ≤ eta²·‖ḡ‖². */
  | { readonly kind: "norm"; readonly eta: number }
  /** Var⟨gᵢ, ḡ⟩ / b ≤ theta²·‖ḡ‖⁴. */
  | { readonly kind: "inner"; readonly theta: number }
  /** The inner product test, and the same of what is orthogonal to ḡ: ‖Var‖₁ / b ≤ nu²·‖ḡ‖². */
  | { readonly kind: "augmented"; readonly theta: number; readonly nu: number };

/** Options of `batchSizeController`. */
export interface BatchSizeOptions {
  /** Default `{ kind: "norm", eta: 0.5 }`. */
  test?: BatchTest;
  /** The first batch, whole number ≥ 2; default 8. */
  initial?: number;
  /** The largest batch, whole number ≥ initial. */
  max: number;
  /** Steps between tests, whole number ≥ 1; default 1. */
  interval?: number;
  /**
   * Rounds a size up to one that is compiled for, so that few shapes are; what it gives is held to `max`. Default: the
   * next power of two.
   */
  round?: (size: number) => number;
}

/** Sums over one batch, as numbers; see `batchStatistics`. */
export interface ObservedBatch {
  /** Examples in the batch, ≥ 2. */
  readonly b: number;
  readonly sumSquares: number;
  readonly squaredNorm: number;
  readonly innerSquares?: number;
}

/** Grows the batch of a run when the gradient's noise outweighs it. */
export interface BatchSizeController {
  /** The size of the next batch. */
  current(): number;
  /** Looks at the batch of a step; gives the size of the next. */
  observe(batch: ObservedBatch): number;
  /** What `restore` takes: the size and the number of batches seen. */
  state(): { readonly size: number; readonly observed: number };
  /** Goes on from a state. @throws OptionError if it is not of such a controller */
  restore(state: { readonly size: number; readonly observed: number }): void;
}

/**
 * The batch that a test asks for after a batch of b: at least b, Infinity where ḡ is 0.
 * @throws OptionError if a sum is missing
 * @source Lau, Liu, Kolar, "AdAdaGrad: Adaptive batch size schemes for adaptive gradient methods", 2024,
 *   arXiv:2402.11215, equations 3 to 6; deviates: by Σ‖gᵢ‖², exact under any splitting; inner products over all
 *   parameters together, where the authors' code takes them tensor by tensor
 */
export function requiredBatch(test: BatchTest, batch: ObservedBatch): number {
  const { b, squaredNorm, innerSquares } = batch;
  const variance = gradientVariance(batch, b);
  if (squaredNorm === 0) return variance === 0 ? b : Infinity;
  if (test.kind === "norm") return Math.max(b, Math.ceil(variance / (test.eta ** 2 * squaredNorm)));
  if (innerSquares === undefined) {
    const hint = "batchStatistics(…, { inner: true })";
    throw new OptionError({ where: "train.requiredBatch", want: "innerSquares", got: "none", hint });
  }
  // The mean of ⟨gᵢ, ḡ⟩ is ‖ḡ‖².
  const along = Math.max(0, innerSquares - b * squaredNorm ** 2) / (b - 1);
  const inner = along / (test.theta ** 2 * squaredNorm ** 2);
  if (test.kind === "inner") return Math.max(b, Math.ceil(inner));
  // By Pythagoras the two variances add up to the whole.
  const across = Math.max(0, variance - along / squaredNorm);
  return Math.max(b, Math.ceil(Math.max(inner, across / (test.nu ** 2 * squaredNorm))));
}

const nextPower = (size: number): number => 2 ** Math.ceil(Math.log2(size));

/**
 * The batch-size controller: after every `interval` steps the test is made on the batch just used, and the next batches
 * have the size it asks for. Sizes never shrink; at `max` testing ends.
 * @throws OptionError
 * @source Lau, Liu, Kolar, "AdAdaGrad: Adaptive batch size schemes for adaptive gradient methods", 2024,
 *   arXiv:2402.11215, algorithm 1; deviates: sizes are rounded up, by default to powers of two
 */
export function batchSizeController(options: BatchSizeOptions): BatchSizeController {
  const where = "train.batchSizeController";
  checkOptions(where, options, ["test", "initial", "max", "interval", "round"]);
  const { test = { kind: "norm", eta: 0.5 }, initial = 8, max, interval = 1, round = nextPower } = options;
  checkWhole(where, "initial", initial, 2);
  checkWhole(where, "max", max, initial);
  checkWhole(where, "interval", interval, 1);
  if (!["norm", "inner", "augmented"].includes(test.kind))
    throw new OptionError({ where, want: "test norm, inner or augmented", got: String(test.kind) });
  for (const [name, value] of Object.entries(test))
    if (name !== "kind") checkRange(where, name, value, "(0, ∞)");
  let [size, observed] = [initial, 0];
  return {
    current: () => size,
    observe(batch) {
      observed++;
      if (size >= max || observed % interval !== 0) return size;
      const wanted = requiredBatch(test, batch);
      if (wanted > size)
        size = Number.isFinite(wanted) ? Math.min(max, Math.max(wanted, round(wanted))) : max;
      return size;
    },
    state: () => ({ size, observed }),
    restore(state) {
      checkWhole(`${where}: state`, "observed", state.observed, 0);
      checkWhole(`${where}: state`, "size", state.size, initial);
      [size, observed] = [Math.min(max, state.size), state.observed];
    },
  };
}
