import { grad } from "../../core/autodiff.js";
import { compile } from "../../compile/compile.js";
import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import { key as randomKey } from "../../core/random/index.js";
import { showShape } from "../../core/shape.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { treeLeaves, treeMap } from "../../core/tree.js";
import { div } from "../../ops/arithmetic.js";
import { take } from "../../ops/indexing.js";
import { mean } from "../../ops/reduce.js";
import { sqrt } from "../../ops/unary.js";
import { seededUniform, shuffled } from "../../data/seeded.js";
import { checkWhole } from "../../optim/options.js";
import { sharpness as topEigenvalue } from "../curvature/sharpness.js";
import { normalized, probeLike, treeDot } from "../curvature/vectors.js";

/** Options of `opposingSignals`. */
export interface OpposingSignalsOptions<P, D> {
  /** The examples that are watched: a tree of Tensors [n, …]. */
  data: D;
  /** The loss of every example, [n]; batch statistics must be those of the whole. */
  lossPerExample: (params: P, data: D) => Tensor;
  /** Examples in each of the two groups, whole number ≥ 1; default max(10, 2 % of n). */
  groupSize?: number;
  /** Hessian-vector products for the sharpness of a report, from the eigenvector of the last; default 20. */
  iterations?: number;
  /** Seed of the random control groups; default 0. */
  seed?: number;
}

/** What a report says at one point of training. */
export interface OpposingReport {
  /** Observations made before. */
  readonly observation: number;
  /** Mean loss of all examples. */
  readonly loss: number;
  /** The examples whose loss rose most since the observation before, the first most of all: int32 [k]. */
  readonly up: Int32Array;
  /** Those whose loss fell most. */
  readonly down: Int32Array;
  /** By how much, [k] each. */
  readonly changes: { readonly up: Float64Array; readonly down: Float64Array };
  /** Cosine of the two groups' mean gradients. Strongly negative: their signals oppose each other. */
  readonly cosine: number;
  /** The same of two random groups of the same size: the control. */
  readonly randomCosine: number;
  /** Mean gradients of both groups along the sharpest direction, in units of their norms: opposite signs oppose there. */
  readonly along: { readonly up: number; readonly down: number };
  /** Norms of the groups' mean gradients over that of all examples. */
  readonly ratios: { readonly up: number; readonly down: number };
  /** Largest eigenvalue of the Hessian of the mean loss. */
  readonly sharpness: number;
}

/** Watches the losses of single examples during training. */
export interface OpposingSignals<P> {
  /** Takes the losses of all examples: one forward pass. Call it after every step, or before and after the steps of interest. */
  observe(params: P): Promise<void>;
  /** What `observe` takes from `train`: `checkpoint: { every: 1, save: watch.save }`. */
  readonly save: (snapshot: { readonly params: P }) => Promise<void>;
  /** Groups, gradients and sharpness at the last observation. @throws OptionError before the second observation */
  report(params: P): Promise<OpposingReport>;
  /** Losses at the last observation, [n]; empty before the first. */
  readonly losses: () => Float64Array;
  release(): Promise<void>;
}

/**
 * Finds groups of examples with opposing signals: those whose loss rose most in a step and those whose loss fell most,
 * how their gradients stand to each other and to the sharpest direction, with random groups as a control.
 *
 * Opposite signs against the full gradient prove nothing (any step raises some losses and lowers others); look at the
 * cosine, its control, and a run at a small learning rate.
 * @throws OptionError; ShapeError unless `lossPerExample` gives [n]
 * @source Rosenfeld, Risteski, "Outliers with opposing signals have an outsized effect on neural network optimization",
 *   2023, arXiv:2311.04163, section 2; deviates: controls are ours
 */
export function opposingSignals<P, D>(options: OpposingSignalsOptions<P, D>): OpposingSignals<P> {
  const where = "analyse.opposingSignals";
  checkOptions(where, options, ["data", "lossPerExample", "groupSize", "iterations", "seed"]);
  const { data, lossPerExample, iterations = 20, seed = 0 } = options;
  const n = treeLeaves(data)[0]?.shape[0] ?? 0;
  const { groupSize: k = Math.max(10, Math.round(0.02 * n)) } = options;
  checkWhole(where, "groupSize", k, 1);
  checkWhole(where, "iterations", iterations, 2);
  if (2 * k > n) throw new OptionError({ where, want: `at least ${2 * k} examples`, got: String(n) });

  const all = compile((params: P, examples: D) => {
    const losses = lossPerExample(params, examples);
    if (losses.rank === 1 && losses.shape[0] === n) return losses;
    throw new ShapeError({ where, want: `lossPerExample giving [${n}]`, got: showShape(losses.shape) });
  });
  const gradientOf = (params: P, examples: D): P => grad((p: P) => mean(lossPerExample(p, examples)))(params);
  const cosine = (a: P, b: P): Tensor =>
    div(treeDot(where, a, b), sqrt(treeDot(where, a, a).mul(treeDot(where, b, b))));
  const norm = (a: P): Tensor => sqrt(treeDot(where, a, a));
  const measure = compile((params: P, examples: D, groups: Tensor[], start: P) => {
    const rows = (indices: Tensor): D => treeMap((t: Tensor) => take(t, indices, 0), examples) as D;
    const [up, down, one, other] = groups.map((g) => gradientOf(params, rows(g))) as [P, P, P, P];
    const full = gradientOf(params, examples);
    const top = topEigenvalue((p: P) => mean(lossPerExample(p, examples)), params, { iterations, start });
    const along = (g: P): Tensor => treeDot(where, normalized(where, g), top.vector);
    return {
      values: {
        ...{ cosine: cosine(up, down), randomCosine: cosine(one, other), sharpness: top.value },
        ...{ alongUp: along(up), alongDown: along(down) },
        ...{ ratioUp: div(norm(up), norm(full)), ratioDown: div(norm(down), norm(full)) },
      },
      vector: top.vector,
    };
  });

  let [before, now]: [Float64Array, Float64Array] = [new Float64Array(), new Float64Array()];
  let seen = 0;
  let vector: P | undefined;
  const observe = async (params: P): Promise<void> => {
    const losses = await (await all(params, data)).data();
    [before, now] = [now, Float64Array.from(losses as Float32Array)];
    seen++;
  };
  return {
    observe,
    save: ({ params }) => observe(params),
    losses: () => now,
    async report(params) {
      if (seen < 2)
        throw new OptionError({
          where: `${where}.report`,
          want: "two observations or more",
          got: String(seen),
        });
      const change = now.map((value, i) => value - before[i]!);
      const order = Int32Array.from(change, (_, i) => i).sort((a, b) => change[b]! - change[a]!);
      const [up, down] = [order.slice(0, k), order.slice(n - k).reverse()];
      const random = shuffled(n, seededUniform(seed, seen)).slice(0, 2 * k);
      const groups = [up, down, random.slice(0, k), random.slice(k)].map((g) => tensor(g));
      vector ??= probeLike(where, params, randomKey(seed), "normal");
      const { values, vector: next } = await measure(params, data, groups, vector);
      vector = next;
      const number = async (name: keyof typeof values): Promise<number> => values[name].item();
      return {
        observation: seen - 1,
        loss: now.reduce((a, b) => a + b, 0) / n,
        ...{ up, down },
        changes: {
          up: Float64Array.from(up, (i) => change[i]!),
          down: Float64Array.from(down, (i) => change[i]!),
        },
        ...{ cosine: await number("cosine"), randomCosine: await number("randomCosine") },
        along: { up: await number("alongUp"), down: await number("alongDown") },
        ratios: { up: await number("ratioUp"), down: await number("ratioDown") },
        sharpness: await number("sharpness"),
      };
    },
    async release() {
      await Promise.all([all.release(), measure.release()]);
    },
  };
}
