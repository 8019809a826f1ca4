import { compile, type Compiled, type CompileOptions } from "../compile/compile.js";
import { isFloat } from "../core/dtypes.js";
import { OptionError, ShapeError, TreeError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { scan } from "../core/scan.js";
import { Tensor, tensor } from "../core/tensor.js";
import { checkTree, flattenTree, matchTree, tensorLeaves } from "../core/tree.js";
import { add } from "../ops/arithmetic.js";
import { arange } from "../ops/create.js";
import { expandDims } from "../ops/movement.js";
import type { Ema, EmaState } from "../optim/ema.js";
import type { StepMetrics, TrainStep } from "./step.js";

/** What goes from step to step. */
export interface Carry<P, S> {
  readonly params: P;
  readonly state: S;
  readonly ema?: EmaState<P>;
}

/** Losses and metrics of the steps of one call, each [k]. */
export interface Trail {
  readonly loss: Tensor;
  readonly metrics: StepMetrics;
}

/** Runs k steps in one call; `batches` has a leading axis k unless k is 1, `first` is the first step's number. */
export type TrainProgram<P, S, B> = Compiled<
  [carry: Carry<P, S>, batches: B, key: Tensor, first: Tensor, k: number],
  [Carry<P, S>, Trail]
>;

/** Loss, gradient, optimizer and moving average as one program; several steps are one Scan. @internal */
export function trainProgram<P, S, B>(
  step: TrainStep<P, S, B>,
  average: Ema | undefined,
  options: CompileOptions,
): TrainProgram<P, S, B> {
  const one = (carry: Carry<P, S>, batch: B, key: Tensor, number: Tensor): [Carry<P, S>, Trail] => {
    const { params, state } = carry;
    const out = step({ params, state, batch, key: foldIn(key, number), step: number });
    checkTree("train: params after the step", params, out.params);
    checkTree("train: state after the step", state, out.state);
    const metrics = out.metrics ?? {};
    for (const name of ["loss", "step"]) {
      if (name in metrics)
        throw new OptionError({ where: "train: metrics", want: "another name", got: `"${name}"` });
    }
    for (const [name, value] of Object.entries({ loss: out.loss, ...metrics })) checkScalar(name, value);
    if (!isFloat(out.loss.dtype))
      throw new ShapeError({ where: "train: loss", want: "a float", got: out.loss.dtype });
    const ema = average && carry.ema ? { ema: average.update(out.params, carry.ema) } : {};
    return [
      { params: out.params, state: out.state, ...ema },
      { loss: out.loss, metrics },
    ];
  };
  return compile((carry, batches, key, first, k) => {
    if (k > 1) {
      const numbers = add(arange(k), first);
      return scan(
        (c: Carry<P, S>, x: { batch: B; number: Tensor }) => one(c, x.batch, key, x.number),
        carry,
        { batch: batches, number: numbers },
      );
    }
    const [next, { loss, metrics }] = one(carry, batches, key, first);
    const listed = Object.entries(metrics).map(([name, value]) => [name, expandDims(value, 0)] as const);
    return [next, { loss: expandDims(loss, 0), metrics: Object.fromEntries(listed) }];
  }, options);
}

function checkScalar(name: string, value: unknown): void {
  if (value instanceof Tensor && value.rank === 0) return;
  const got = value instanceof Tensor ? String(value) : typeof value;
  throw new ShapeError({ where: `train: ${name}`, want: "a scalar", got, hint: "take .mean() or .sum()" });
}

/**
 * Batches of one structure, stacked on the host along a new leading axis.
 * @throws TreeError, ShapeError naming the leaf if a batch differs from the first
 * @internal
 */
export async function stackBatches<B>(batches: readonly B[]): Promise<B> {
  const first = batches[0]!;
  const { leaves, def } = tensorLeaves("train: batch", first);
  const rows = batches.map((batch) => {
    checkTree("train: batch", first, batch);
    return matchTree("train: batch", def, batch) as Tensor[];
  });
  const stacked = leaves.map(async (leaf, i) => {
    const parts = await Promise.all(rows.map((row) => row[i]!.data()));
    const data = new (parts[0]!.constructor as new (length: number) => Float32Array)(
      leaf.size * parts.length,
    );
    parts.forEach((part, k) => data.set(part as Float32Array, k * leaf.size));
    return tensor(data, { dtype: leaf.dtype, shape: [parts.length, ...leaf.shape] });
  });
  return def.build(await Promise.all(stacked)) as B;
}

/** @throws TreeError unless every leaf of the batch is a Tensor: anything else would be compiled in @internal */
export function checkBatch<B>(batch: B): B {
  const { leaves, def } = flattenTree(batch);
  leaves.forEach((leaf, i) => {
    if (leaf instanceof Tensor) return;
    const where = `train: batch${def.paths[i] ? `.${def.paths[i]}` : ""}`;
    throw new TreeError({ where, want: "a Tensor", got: typeof leaf, hint: "wrap it with tensor(...)" });
  });
  return batch;
}
