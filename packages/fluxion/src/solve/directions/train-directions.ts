import { compile } from "../../compile/compile.js";
import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import { constant, tensor, type Tensor } from "../../core/tensor.js";
import { elementCount, type ArrayData } from "../../data/array-data.js";
import { gatherRows, rowsOfStep } from "../../data/batches.js";
import type { Model } from "../../nn/model.js";
import { adam } from "../../optim/adam.js";
import { div, mul, square, sub } from "../../ops/arithmetic.js";
import { conv } from "../../ops/conv.js";
import { reshape } from "../../ops/movement.js";
import { mean, sum } from "../../ops/reduce.js";
import type { TrainOptions } from "../../train/options.js";
import { train, type TrainResult } from "../../train/train.js";
import type { DirectionProposal } from "../conjugate-directions.js";
import type { PoissonOperator } from "../poisson/poisson-operator.js";

/**
 * −h²·Laplacian with value 0 beyond the border, in the graph: x [B, 1, ...grid] → the same; a fixed convolution.
 * @param dims axes of the grid, 2 or 3
 */
export function poissonStencil(dims: 2 | 3): (x: Tensor) => Tensor {
  const kernel = new Float32Array(3 ** dims);
  const centre = (3 ** dims - 1) / 2;
  kernel[centre] = 2 * dims;
  for (let axis = 0; axis < dims; axis++) for (const to of [-1, 1]) kernel[centre + to * 3 ** axis] = -1;
  const weight = constant(Array.from(kernel), "float32", [1, 1, ...new Array<number>(dims).fill(3)]);
  return (x) => conv(x, weight, { padding: "same" });
}

/**
 * How much of a residual a proposed direction leaves after the line search, mean over the batch of ‖r − a·A d‖² with
 * a = rᵀd / dᵀA d, the step that minimises the error's A-norm. Neither scale nor sign of d matters.
 * @param product d → A d
 * @param r [B, ...], rows of norm 1
 * @param d as r
 * @source Kaneda et al., 2022, arXiv 2205.10763, eq. 8; deviates: none
 */
export function directionLoss(product: (d: Tensor) => Tensor, r: Tensor, d: Tensor): Tensor {
  const axes = r.shape.slice(1).map((_, i) => i + 1);
  const ad = product(d);
  const step = div(sum(mul(r, d), axes, { keepDims: true }), sum(mul(d, ad), axes, { keepDims: true }));
  return mean(sum(square(sub(r, mul(step, ad))), axes));
}

/** Options of `trainDirections`. */
export interface TrainDirectionsOptions<P> extends Omit<
  TrainOptions<P, Tensor>,
  "loss" | "step" | "state" | "batches" | "key"
> {
  /** (params, r [B, 1, ...grid]) → d */
  network: Model<P>;
  /** Sides of the grid. */
  shape: readonly number[];
  /** float32 [samples, cells], rows of norm 1, such as `ritzResiduals`. */
  data: ArrayData<Float32Array>;
  /** Rows in a batch. Default 4. */
  batchSize?: number;
  /** Of the batches. Default 0. */
  seed?: number;
}

/**
 * Trains a network to propose directions for the Poisson operator of a grid without solids, by `directionLoss` and Adam
 * (1e-3 unless `optimizer` says otherwise). No system is solved for it.
 * @throws OptionError, ShapeError before the first step
 * @source Kaneda et al., 2022, arXiv 2205.10763, §4; deviates: none
 */
export function trainDirections<P>(options: TrainDirectionsOptions<P>): Promise<TrainResult<P>> {
  const where = "solve.trainDirections";
  const { network, shape, data, batchSize = 4, seed = 0, ...rest } = options;
  const cells = elementCount(shape);
  if (data.shape.length !== 2 || data.shape[1] !== cells || data.shape[0]! < 1)
    throw new ShapeError({ where, want: `rows of ${cells} cells`, got: `[${data.shape.join(", ")}]` });
  const dims = shape.length;
  if (dims !== 2 && dims !== 3)
    throw new OptionError({ where, want: "a grid of 2 or 3 axes", got: `${dims}` });
  const product = poissonStencil(dims);
  const rows = rowsOfStep({ n: data.shape[0]!, batchSize, seed });
  return train<P, Tensor>({
    optimizer: adam({ learningRate: 1e-3 }),
    ...rest,
    loss: (params, r) => directionLoss(product, r, network.apply(params, r)),
    batches: (step) => tensor(gatherRows(data, rows(step)).data, { shape: [batchSize, 1, ...shape] }),
  });
}

/** A compiled network as a proposal for `conjugateDirections`. */
export interface LearnedDirections {
  readonly direction: DirectionProposal;
  release(): Promise<void>;
}

/**
 * Makes a trained network a proposal for a grid of any size, with solids or without: what it says of solid cells is
 * left out. The network runs in float32, the solver around it in float64.
 * @param options `threads` within an operator, default as `compile`
 * @throws OptionError
 */
export function learnedDirections<P>(
  network: Model<P>,
  params: P,
  { shape, free }: Pick<PoissonOperator, "shape" | "free">,
  options: { threads?: number } = {},
): LearnedDirections {
  checkOptions("solve.learnedDirections", options, ["threads"]);
  const run = compile((p: P, r: Tensor) => reshape(network.apply(p, r), [free.length]), options);
  return {
    async direction(r) {
      const d = await (await run(params, tensor(Float32Array.from(r), { shape: [1, 1, ...shape] }))).data();
      return Float64Array.from(d as Float32Array, (v, i) => (free[i] ? v : 0));
    },
    release: () => run.release(),
  };
}
