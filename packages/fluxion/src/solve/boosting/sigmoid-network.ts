// The baselines: the same network trained as a whole, by Adam, by SGD or by L-BFGS.
import { compile } from "../../compile/compile.js";
import { valueAndGrad } from "../../core/autodiff.js";
import { checkOptions, OptionError } from "../../core/errors.js";
import { key } from "../../core/random/index.js";
import { constant, tensor, type Tensor } from "../../core/tensor.js";
import type { ArrayData } from "../../data/array-data.js";
import { rowsOfStep } from "../../data/batches.js";
import type { LinearParams } from "../../nn/linear.js";
import { mlp } from "../../nn/mlp.js";
import { adam } from "../../optim/adam.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { sgd } from "../../optim/sgd.js";
import { logSoftmax, softplus } from "../../ops/activation.js";
import { add, mul, square, sub } from "../../ops/arithmetic.js";
import { cast } from "../../ops/compare.js";
import { takeAlongAxis } from "../../ops/gather.js";
import { expandDims } from "../../ops/movement.js";
import { mean, sum } from "../../ops/reduce.js";
import { sigmoid } from "../../ops/unary.js";
import { train } from "../../train/train.js";
import { checkFeatures } from "../convex-relu/problem.js";
import { lbfgsTree } from "../lbfgs-tree.js";
import type { BoostingTask } from "./boosting-loss.js";
import { answersOf, codedTable, standardised } from "./table.js";

/** Options of `fitSigmoidNetwork`. */
export interface FitSigmoidNetworkOptions {
  /** As `fitBoosted`. Default "regression". */
  task?: "regression" | "classification";
  /** Hidden units, whole number ≥ 1. Default 100. */
  units?: number;
  /** Default "adam". */
  method?: "adam" | "sgd" | "lbfgs";
  /** Passes over the rows of "adam" and "sgd" (with Nesterov's momentum 0.9); iterations of "lbfgs". Default 500. */
  epochs?: number;
  /** Of "adam" and "sgd", > 0. Default 1e-3, for "sgd" 0.1. */
  learningRate?: number;
  /** Rows in a step of "adam" and "sgd"; all of a smaller table. Default 200. */
  batchSize?: number;
  /** Weight of the squared weights, ≥ 0. Default 1e-4. */
  l2?: number;
  /** Default 0. */
  seed?: number;
  signal?: AbortSignal;
}

/** A network trained as a whole. */
export interface SigmoidNetworkFit {
  readonly params: { layers: LinearParams[] };
  /** Mean training loss with the penalty, at the end. */
  readonly loss: number;
  /**
   * Answers for raw features; `off` are the hidden units that are switched off.
   * @param features float [N, D]
   */
  readonly predict: (features: ArrayData, options?: { off?: readonly number[] }) => Promise<Float64Array>;
}

type Params = { layers: LinearParams[] };

/** Loss of scores [B, c] against coded targets [B]. */
function lossOf(kind: BoostingTask, scores: Tensor, y: Tensor): Tensor {
  if (kind === "regression") return mul(mean(square(sub(scores, expandDims(y, 1)))), 0.5);
  if (kind === "binary") return mean(softplus(mul(mul(scores, expandDims(y, 1)), -2)));
  return mul(mean(takeAlongAxis(logSoftmax(scores, 1), expandDims(cast(y, "int32"), 1), 1)), -1);
}

/**
 * Trains a network of one hidden layer of sigmoid units as a whole, with the losses and the coding of `fitBoosted`.
 * @param features float [N, D]
 * @param targets [N]: numbers, or class values
 * @throws ShapeError, FormatError, OptionError
 * @source the baselines of Emami, Martínez-Muñoz, 2019, arXiv 1909.12098, §4; deviates: none known
 */
export async function fitSigmoidNetwork(
  features: ArrayData,
  targets: ArrayLike<number>,
  options: FitSigmoidNetworkOptions = {},
): Promise<SigmoidNetworkFit> {
  const where = "solve.fitSigmoidNetwork";
  checkOptions(where, options, [
    ...["task", "units", "method", "epochs", "learningRate", "batchSize", "l2", "seed", "signal"],
  ]);
  const {
    task = "regression",
    units = 100,
    method = "adam",
    epochs = 500,
    l2 = 1e-4,
    seed = 0,
    signal,
  } = options;
  const { learningRate = method === "sgd" ? 0.1 : 1e-3, batchSize = 200 } = options;
  if (!["adam", "sgd", "lbfgs"].includes(method))
    throw new OptionError({ where, want: "method adam, sgd or lbfgs", got: String(method) });
  for (const [name, value] of Object.entries({ units, epochs, batchSize })) checkWhole(where, name, value, 1);
  checkRange(where, "learningRate", learningRate, "(0, ∞)");
  checkRange(where, "l2", l2, "[0, ∞)");
  const { x, n, d, moments, y, kind, answer } = codedTable(where, features, targets, task);
  const outputs = kind === "multiclass" ? answer.classes!.length : 1;
  const network = mlp({ inputs: d, hidden: [units], outputs, activation: sigmoid });
  const rows = Float32Array.from(x);
  const batchOf = (chosen: ArrayLike<number>) => ({
    x: tensor(
      Float32Array.from(
        { length: chosen.length * d },
        (_, i) => rows[chosen[Math.floor(i / d)]! * d + (i % d)]!,
      ),
      { shape: [chosen.length, d] },
    ),
    y: tensor(Float32Array.from({ length: chosen.length }, (_, i) => y[chosen[i]!]!)),
  });
  type Batch = ReturnType<typeof batchOf>;
  const loss = (params: Params, batch: Batch): Tensor => {
    const squares = params.layers.map(({ weight }) => sum(square(weight))).reduce((a, b) => add(a, b));
    return add(lossOf(kind, network.apply(params, batch.x), batch.y), mul(squares, l2 / (2 * n)));
  };
  const start = network.init(key(seed));
  const all = batchOf(Int32Array.from({ length: n }, (_, i) => i));
  const fitted = async (): Promise<Params> => {
    if (method === "lbfgs") {
      const program = compile((params: Params, batch: Batch) => valueAndGrad(loss)(params, batch));
      const outcome = await lbfgsTree(
        async (params) => {
          const [value, gradient] = await program(params, all);
          return [value, gradient];
        },
        start,
        { maxIterations: epochs, ...(signal ? { signal } : {}) },
      ).finally(() => program.release());
      return outcome.x;
    }
    const size = Math.min(batchSize, n);
    const rowsAt = rowsOfStep({ n, batchSize: size, seed });
    const { params } = await train<Params, Batch>({
      ...{ params: start, loss, batches: (step) => batchOf(rowsAt(step)) },
      optimizer:
        method === "adam" ? adam({ learningRate }) : sgd({ learningRate, momentum: 0.9, nesterov: true }),
      steps: epochs * Math.max(1, Math.floor(n / size)),
      ...{ stepsPerCall: 50, threads: 1, ...(signal ? { signal } : {}) },
    });
    return params;
  };
  const params = await fitted();
  signal?.throwIfAborted();
  return {
    params,
    loss: await loss(params, all).item(),
    async predict(raw, how = {}) {
      checkOptions(`${where}: predict`, how, ["off"]);
      const table = checkFeatures(where, raw);
      const off = new Set(how.off ?? []);
      const keep = constant(
        Array.from({ length: units }, (_, j) => (off.has(j) ? 0 : 1)),
        "float32",
        [units, 1],
      );
      const [first, last] = params.layers as [LinearParams, LinearParams];
      const masked = { layers: [first, { ...last, weight: mul(last.weight, keep) }] };
      const inputs = tensor(Float32Array.from(standardised(table.x, table.n, d, moments)), {
        shape: [table.n, d],
      });
      const scores = network.apply(masked, inputs);
      return answersOf(answer, { data: (await scores.data()) as Float32Array, shape: scores.shape.slice() });
    },
  };
}
