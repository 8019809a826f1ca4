import { stopGradient } from "../core/backward.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { categorical, keys } from "../core/random/index.js";
import { scan } from "../core/scan.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { take } from "../ops/gather.js";
import { matmul } from "../ops/matmul.js";
import { expandDims, flatten, swapAxes } from "../ops/movement.js";
import { zeros } from "../ops/create.js";
import { mean, sum } from "../ops/reduce.js";
import { logsumexp } from "../ops/statistics.js";
import { neg } from "../ops/unary.js";
import { independentCoupling, type Coupling } from "./coupling.js";

/**
 * The assignment of rows to columns of least total cost, by shortest augmenting paths: O(n³).
 * @param cost n x n, row by row, finite
 * @returns the column of each row, a permutation
 * @source R. Jonker, A. Volgenant, 1987, Computing 38; deviates: without its initialisation
 */
export function assignment(cost: ArrayLike<number>, n: number): Int32Array {
  // Potentials of rows and columns; row n of `rowOf` (the extra column) is where a path begins.
  const [u, v] = [new Float64Array(n), new Float64Array(n)];
  const rowOf = new Int32Array(n + 1).fill(-1);
  const before = new Int32Array(n);
  const least = new Float64Array(n);
  const done = new Uint8Array(n);
  for (let row = 0; row < n; row++) {
    least.fill(Infinity);
    done.fill(0);
    rowOf[n] = row;
    let column = n;
    while (rowOf[column]! >= 0) {
      if (column < n) done[column] = 1;
      const i = rowOf[column]!;
      let [delta, next] = [Infinity, -1];
      for (let j = 0; j < n; j++) {
        if (done[j]) continue;
        const reduced = cost[i * n + j]! - u[i]! - v[j]!;
        if (reduced < least[j]!) {
          least[j] = reduced;
          before[j] = column;
        }
        if (least[j]! < delta) [delta, next] = [least[j]!, j];
      }
      // NaN costs leave nothing to choose.
      if (next < 0) return Int32Array.from({ length: n }, (_, k) => k);
      u[row]! += delta;
      for (let j = 0; j < n; j++) {
        if (done[j]) {
          u[rowOf[j]!]! += delta;
          v[j]! -= delta;
        } else least[j]! -= delta;
      }
      column = next;
    }
    while (column !== n) {
      rowOf[column] = rowOf[before[column]!]!;
      column = before[column]!;
    }
  }
  const columns = new Int32Array(n);
  for (let j = 0; j < n; j++) columns[rowOf[j]!] = j;
  return columns;
}

const assignmentOp: Op = {
  name: "flow.assignment",
  infer: ([cost]) => [{ shape: [cost!.shape[0]!], dtype: "int32" }],
  grad: "zero",
  host: ([cost], call) => [assignment(cost!, call.inputs[0]!.shape[0]!)],
  flops: ({ inputs: [cost] }) => cost!.shape[0]! ** 3,
};

/** Options of `minibatchOtCoupling`. */
export interface MinibatchOtOptions {
  /**
   * "exact": the assignment of least cost, computed on the host, so that a training with it takes `stepsPerCall: 1`.
   * "sinkhorn" (default): sources drawn from the entropic plan, all in the graph.
   */
  method?: "exact" | "sinkhorn";
  /** Of Sinkhorn: entropy's weight over the mean cost, > 0. Default 0.05. */
  epsilon?: number;
  /** Of Sinkhorn: sweeps over rows and columns. Default 50. */
  iterations?: number;
  /** What makes the sources that are dealt out. Default `independentCoupling()`. */
  base?: Coupling;
}

/**
 * Sources dealt out within the batch so that the squared distances to the data are small: paths cross less, without a
 * reflow.
 * @throws OptionError
 * @source A. Tong et al., 2023, arXiv 2302.00482 (OT-CFM); A.-A. Pooladian et al., 2023, arXiv 2304.14772;
 *   deviates: with Sinkhorn each datum draws its source from the plan, so a source may serve twice
 */
export function minibatchOtCoupling(options: MinibatchOtOptions = {}): Coupling {
  const where = "flow.minibatchOtCoupling";
  checkOptions(where, options, ["method", "epsilon", "iterations", "base"]);
  const { method = "sinkhorn", epsilon = 0.05, iterations = 50, base = independentCoupling() } = options;
  if (method !== "exact" && method !== "sinkhorn")
    throw new OptionError({ where, want: "exact or sinkhorn", got: String(method) });
  if (!(epsilon > 0) || !Number.isInteger(iterations) || iterations < 1) {
    const got = `${epsilon}, ${iterations}`;
    throw new OptionError({ where, want: "epsilon > 0, whole iterations ≥ 1", got });
  }
  return (key, batch) => {
    const [first, second] = keys(key, 2);
    const coupled = base(first, batch);
    const cost = stopGradient(squaredDistances(coupled.x1, coupled.x0));
    const columns =
      method === "exact"
        ? apply1(assignmentOp, [cost], {})
        : categorical(second, sinkhornLogPlan(cost, { epsilon, iterations }));
    return { ...coupled, x0: take(coupled.x0, columns, 0) };
  };
}

/** ‖a_i − b_j‖²: [N, ...], [M, ...] → [N, M]. */
function squaredDistances(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [flatten(a, 1), flatten(b, 1)];
  const squares = add(expandDims(sum(square(x), 1), 1), expandDims(sum(square(y), 1), 0));
  return sub(squares, mul(matmul(x, swapAxes(y, 0, 1)), 2));
}

/**
 * Logarithm of the entropic transport plan between two uniform distributions, by Sinkhorn's iteration on logarithms.
 * The last sweep is over the rows, whose sums are therefore exact.
 * @param cost [N, M]
 * @param options `epsilon` > 0: the entropy's weight over the mean cost, default 0.05; `iterations` default 50
 * @returns [N, M]
 * @source M. Cuturi, 2013, arXiv 1306.0895, Algorithm 1; deviates: on logarithms
 */
export function sinkhornLogPlan(
  cost: Tensor,
  options: { epsilon?: number; iterations?: number } = {},
): Tensor {
  checkOptions("flow.sinkhornLogPlan", options, ["epsilon", "iterations"]);
  const { epsilon = 0.05, iterations = 50 } = options;
  const [n, m] = cost.shape as [number, number];
  const kernel = div(neg(cost), mul(mean(cost), epsilon));
  const rows = (g: Tensor): Tensor => neg(add(logsumexp(add(kernel, g), 1, { keepDims: true }), Math.log(n)));
  const columns = (f: Tensor): Tensor =>
    neg(add(logsumexp(add(kernel, f), 0, { keepDims: true }), Math.log(m)));
  const [g] = scan(
    (now: Tensor): [Tensor, undefined] => [columns(rows(now)), undefined],
    zeros([1, m], { dtype: kernel.dtype }),
    undefined,
    { length: iterations },
  );
  return add(add(kernel, g), rows(g));
}
