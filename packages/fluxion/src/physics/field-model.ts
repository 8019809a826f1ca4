// A network whose outputs are a field (soft penalty) or the basis of one (hard constraints), and the loss of both.
import { checkOptions, OptionError } from "../core/errors.js";
import { foldIn, normal } from "../core/random/index.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { treeMap } from "../core/tree.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { mlp } from "../nn/mlp.js";
import { add, mul, square } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { ones } from "../ops/create.js";
import { einsum } from "../ops/einsum.js";

import { expandDims, reshape } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { sqrt, tanh } from "../ops/unary.js";
import { checkRange, checkWhole } from "../optim/options.js";
import {
  combineExperts,
  hardConstraint,
  type HardConstraint,
  type HardConstraintOptions,
} from "./hard-constraint.js";
import type { ConstraintRows } from "./law.js";
import type { PhysicsProblem } from "./problem.js";

type Net = ReturnType<typeof mlp>;

/** Parameters of `fieldModel`: those of its network, float64. */
export type FieldParams = ReturnType<Net["init"]>;

/** Options of `fieldModel`. */
export interface FieldModelOptions {
  /** "soft": the network's output is the field; "hard": its outputs are a basis whose weights the layer finds. Default "hard". */
  method?: "soft" | "hard";
  /** Blocks along each axis of the grid, for "hard". Default 1 each. */
  experts?: Shape;
  /** Basis functions, for "hard". Default 12. */
  basis?: number;
  /** Widths of the hidden layers. Default [32, 32]. */
  hidden?: readonly number[];
  /** Deviation of the first layer's initial weights; those of the others have 1/√inputs. Default 3. */
  scale?: number;
  /** Ridge, solver, pool and derivative of the layer. */
  layer?: Pick<
    HardConstraintOptions,
    "ridge" | "start" | "maxIterations" | "tolerance" | "derivative" | "pool"
  >;
}

/** A field with what its layer said. */
export interface FieldOutput {
  /** [P], P the points of the grid in row-major order, float64. */
  readonly field: Tensor;
  /** Residuals of the law at all points, [P]. Experts' derivatives are those of the basis: none is taken across blocks. */
  readonly residuals: Tensor;
  /** Absent for "soft". */
  readonly layer?: HardConstraint;
}

/** A model of a problem's fields. */
export interface FieldModel {
  readonly problem: PhysicsProblem;
  readonly init: (key: Tensor) => FieldParams;
  /** The field of a condition [conditions], float64; `sample` as in `hardConstraint`. */
  readonly apply: (params: FieldParams, condition: Tensor, sample?: Tensor) => FieldOutput;
  /** Root mean squares of a field's residuals on the whole grid, one for each kind of constraint, added up. */
  readonly loss: (output: FieldOutput, condition: Tensor) => Tensor;
}

/**
 * A perceptron (x, t, condition) → field, by one of three methods: a soft penalty (PI-SC), one hard constraint (PI-HC),
 * or experts (PI-HC-MoE). A basis has tanh on its outputs.
 * @throws OptionError
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §3; deviates: a perceptron on points in place of a
 *   Fourier neural operator
 */
export function fieldModel(problem: PhysicsProblem, options: FieldModelOptions = {}): FieldModel {
  const where = "physics.fieldModel";
  checkOptions(where, options, ["method", "experts", "basis", "hidden", "scale", "layer"]);
  const { method = "hard", basis = 12, hidden = [32, 32], scale = 3, layer = {} } = options;
  if (method !== "soft" && method !== "hard")
    throw new OptionError({ where, want: "method soft or hard", got: String(method) });
  checkWhole(where, "basis", basis, 1);
  checkRange(where, "scale", scale, "(0, ∞)");
  const { grid, features } = problem;
  const experts = options.experts ?? grid.map(() => 1);
  const soft = method === "soft";
  const net = mlp({ inputs: features, hidden, outputs: soft ? 1 : basis, activation: tanh });
  const inside = problem.inside && tensor(problem.inside);
  const one = ones([1], { dtype: "float64" });
  const wholeField = (field: Tensor, condition: Tensor) =>
    problem.constraints({ basis: expandDims(reshape(field, grid), -1) }, condition);
  return {
    problem,
    init(key) {
      const params: FieldParams = treeMap((p: Tensor) => cast(p, "float64"), net.init(foldIn(key, 0)));
      const layers = params.layers.map((layer, i) => {
        const { shape } = layer.weight;
        const size = i === 0 ? scale : 1 / Math.sqrt(shape[0]!);
        return { ...layer, weight: mul(normal(foldIn(key, i + 1), shape, { dtype: "float64" }), size) };
      });
      return { layers };
    },
    apply(params, condition, sample) {
      const raw = net.apply(params, problem.inputs(condition));
      const linear = problem.ansatz(soft ? raw : tanh(raw), condition);
      const flat = reshape(linear.basis, [sizeOf(grid), -1]);
      const shift = (t: Tensor): Tensor => (linear.offset ? add(t, reshape(linear.offset, [-1])) : t);
      if (soft) {
        const field = shift(reshape(flat, [-1]));
        return { field, residuals: rowResiduals(wholeField(field, condition).points, one) };
      }
      const constraints = problem.constraints(linear, condition);
      const counted = inside && sample ? mul(inside, sample) : (sample ?? inside);
      const solved = hardConstraint(constraints, {
        ...{ grid, experts, ...layer },
        ...(counted ? { sample: counted } : {}),
      });
      const { law, terms, offsets } = constraints.points;
      const values = terms.map((term, k) => {
        const value = combineExperts(term, solved.weights, grid, experts);
        return offsets ? add(value, offsets[k]!) : value;
      });
      const field = shift(combineExperts(flat, solved.weights, grid, experts));
      return { field, residuals: law.residual(values), layer: solved };
    },
    loss({ field, residuals }, condition) {
      const { shared } = wholeField(field, condition);
      const parts = [
        inside ? mul(residuals, inside) : residuals,
        ...shared.map((rows) => rowResiduals(rows, one)),
      ];
      return parts.map(rootMeanSquare).reduce((a, b) => add(a, b));
    },
  };
}

/** r of rows for weights [N]: [M]. */
export function rowResiduals({ law, terms, offsets }: ConstraintRows<Tensor>, weights: Tensor): Tensor {
  return law.residual(
    terms.map((t, k) => {
      const linear = einsum("mn,n->m", t, weights);
      return offsets ? add(linear, offsets[k]!) : linear;
    }),
  );
}

/** √mean r², with a finite slope at 0. */
const rootMeanSquare = (r: Tensor): Tensor => sqrt(add(mean(square(r)), 1e-12));
