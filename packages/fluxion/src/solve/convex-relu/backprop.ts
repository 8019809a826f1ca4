// The paper's baselines: the same networks trained by back-propagation, with and without adversarial examples.
import { stopGradient } from "../../core/backward.js";
import { checkOptions } from "../../core/errors.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { batches } from "../../data/batches.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { adam } from "../../optim/adam.js";
import { checkWhole } from "../../optim/options.js";
import { linearSchedule } from "../../optim/schedules.js";
import type { Transform } from "../../optim/transform.js";
import { relu, softplus } from "../../ops/activation.js";
import { add, div, mul, square, sub } from "../../ops/arithmetic.js";
import { matmul } from "../../ops/matmul.js";
import { expandDims, swapAxes } from "../../ops/movement.js";
import { sum } from "../../ops/reduce.js";
import { take } from "../../ops/gather.js";
import { train } from "../../train/train.js";
import { fgsmAttack, pgdAttack } from "./attack.js";
import { reluCost, type ReluNetwork } from "./network.js";
import { checkObjective, type Problem, type ReluObjective } from "./problem.js";
import { checkRobust, type RobustObjective } from "./robust-problem.js";

/** Options of both baselines. */
interface DescentOptions {
  /** Hidden units, whole number ≥ 1. Default 50. */
  units?: number;
  /** Whole number ≥ 1. Default 5000. */
  steps?: number;
  /** Default: Adam with a learning rate that falls linearly from 0.02 to 0. */
  optimizer?: Transform<unknown>;
  /** Rows in a step, whole number ≥ 1. Default: all. */
  batchSize?: number;
  /** Fixes initial weights and batches: whole number in [0, 2³²). Default 0. */
  seed?: number;
  signal?: AbortSignal;
  /** Called after every hundred steps with the steps made and the loss of the last, over all restarts; waited for. */
  onProgress?: (step: number, loss: number) => void | Promise<void>;
}

/** Options of `reluBackprop`. */
export interface ReluBackpropOptions extends DescentOptions {
  /** Networks trained side by side from different initial weights, whole number ≥ 1. Default 1. */
  restarts?: number;
}

/** A network trained by back-propagation. */
export interface ReluBackpropResult {
  readonly network: ReluNetwork;
  /** As `reluCost`; NaN or infinite after divergence. */
  readonly cost: number;
}

/** Weights of R networks: hidden [R, M, D], output [R, M]. */
type Params = { hidden: Tensor; output: Tensor };
type Data = { x: Tensor; y: Tensor };

/** Outputs of R networks, [R, N]. */
function outputs({ hidden, output }: Params, x: Tensor): Tensor {
  const active = relu(matmul(x, swapAxes(hidden, -1, -2)));
  return sum(mul(active, expandDims(output, 1)), -1);
}

const common = ["units", "steps", "optimizer", "batchSize", "seed", "signal", "onProgress"];

/**
 * Trains the non-convex form, l(f(X), y) + (β/2)·Σ(‖uⱼ‖² + αⱼ²), by back-propagation: Adam unless `optimizer` says
 * otherwise, from u ~ N(0, 1/D), α ~ N(0, 1/M), in float32.
 * @returns one network for every restart
 * @throws ShapeError, FormatError, OptionError
 * @source the baseline of Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §5; deviates: none known
 */
export async function reluBackprop(
  objective: ReluObjective,
  options: ReluBackpropOptions = {},
): Promise<ReluBackpropResult[]> {
  const where = "solve.reluBackprop";
  checkOptions(where, options, [...common, "restarts"]);
  const { restarts = 1 } = options;
  checkWhole(where, "restarts", restarts, 1);
  const problem = checkObjective(where, objective);
  const loss = problem.loss.name;
  const each = (yhat: Tensor, y: Tensor): Tensor =>
    loss === "squared" ? mul(square(sub(yhat, y)), 0.5) : sub(softplus(mul(yhat, 2)), mul(mul(yhat, y), 2));
  const networks = await descend(where, problem, restarts, options, (params, { x, y }) => {
    const scale = problem.n / y.shape[0]!;
    return add(mul(sum(each(outputs(params, x), y)), scale), decay(params, problem.beta));
  });
  return networks.map((network) => ({ network, cost: reluCost(network, objective) }));
}

/** Options of `adversarialBackprop`. */
export interface AdversarialBackpropOptions extends DescentOptions {
  /** How the examples of a step are perturbed. Default "pgd". */
  attack?: "none" | "fgsm" | "pgd";
  /** Steps of the projected gradient attack, whole number ≥ 1. Default 10. */
  attackSteps?: number;
}

/**
 * Trains a network on adversarial examples made anew at every step: the mean loss at attacked inputs plus
 * (β/2)·Σ(‖uⱼ‖² + αⱼ²).
 * @throws ShapeError, FormatError, OptionError
 * @source the baselines GD-FGSM and GD-PGD of Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §5.3; deviates: Adam
 */
export async function adversarialBackprop(
  objective: RobustObjective,
  options: AdversarialBackpropOptions = {},
): Promise<ReluNetwork> {
  const where = "solve.adversarialBackprop";
  checkOptions(where, options, [...common, "attack", "attackSteps"]);
  const { attack = "pgd", attackSteps: steps = 10 } = options;
  const problem = checkRobust(where, objective);
  const { eps, loss, beta } = problem;
  const mask = tensor(Float32Array.from(problem.free));
  const each = (yhat: Tensor, y: Tensor): Tensor =>
    loss === "hinge"
      ? relu(sub(1, mul(yhat, y)))
      : loss === "logistic"
        ? softplus(mul(mul(yhat, y), -1))
        : mul(square(sub(yhat, y)), 0.5);
  const [network] = await descend(where, problem, 1, options, (params, { x, y }) => {
    const frozen = { hidden: stopGradient(params.hidden), output: stopGradient(params.output) };
    // The gradient of the hinge is zero where the margin is met; the margin itself shows the way.
    const goal = (z: Tensor): Tensor =>
      loss === "squared" ? each(outputs(frozen, z), y) : mul(mul(outputs(frozen, z), y), -1);
    const moved =
      attack === "none"
        ? x
        : attack === "fgsm"
          ? fgsmAttack(goal, x, { eps, mask })
          : pgdAttack(goal, x, { eps, mask, steps });
    const count = y.shape[0]!;
    return add(div(sum(each(outputs(params, stopGradient(moved)), y)), count), decay(params, beta));
  });
  return network!;
}

const decay = ({ hidden, output }: Params, beta: number): Tensor =>
  mul(add(sum(square(hidden)), sum(square(output))), beta / 2);

async function descend(
  where: string,
  { x, y, n, d }: Problem,
  restarts: number,
  options: DescentOptions,
  loss: (params: Params, data: Data) => Tensor,
): Promise<ReluNetwork[]> {
  const { units = 50, steps = 5000, batchSize = n, seed = 0, signal, onProgress } = options;
  checkWhole(where, "units", units, 1);
  checkWhole(where, "steps", steps, 1);
  const all = { x: tensor(Float32Array.from(x), { shape: [n, d] }), y: tensor(Float32Array.from(y)) };
  const drawn = (size: number, stream: number, scale: number): Float32Array => {
    const normal = normalFrom(seededUniform(seed, stream));
    return Float32Array.from({ length: size }, () => normal() * scale);
  };
  const order = batchSize < n ? batches({ n, batchSize, seed }) : undefined;
  const wholeRows = tensor(0, { dtype: "int32" });
  const result = await train<Params, Tensor>({
    params: {
      hidden: tensor(drawn(restarts * units * d, 1, 1 / Math.sqrt(d)), { shape: [restarts, units, d] }),
      output: tensor(drawn(restarts * units, 2, 1 / Math.sqrt(units)), { shape: [restarts, units] }),
    },
    loss: (params, rows) => loss(params, order ? { x: take(all.x, rows), y: take(all.y, rows) } : all),
    optimizer: options.optimizer ?? adam({ learningRate: linearSchedule({ init: 0.02, end: 0, steps }) }),
    batches: () => (order ? tensor(order.next().value.indices) : wholeRows),
    ...{
      steps,
      stepsPerCall: Math.min(100, steps),
      recordEvery: onProgress ? 100 : steps,
      ...(signal ? { signal } : {}),
    },
    ...(onProgress
      ? { onRecord: ({ step, loss: last }: { step: number; loss: number }) => onProgress(step, last) }
      : {}),
  });
  signal?.throwIfAborted();
  const hidden = Float64Array.from((await result.params.hidden.data()) as Float32Array);
  const output = Float64Array.from((await result.params.output.data()) as Float32Array);
  return Array.from({ length: restarts }, (_, r) => ({
    hidden: hidden.slice(r * units * d, (r + 1) * units * d),
    output: output.slice(r * units, (r + 1) * units),
  }));
}
