import { isFloat } from "./dtypes.js";
import { GradientError } from "./errors.js";
import { apply1, dependents, type Node, type Op } from "./node.js";
import { add } from "../ops/arithmetic.js";
import type { Tensor } from "./tensor.js";

const aliasOp: Op = {
  name: "Alias",
  infer: ([x]) => [x!],
  grad: (_, [ct]) => [ct],
  batch: (inputs) => inputs,
  simplify: ({ inputs }) => inputs,
};

/** The same value as a node of its own, so that derivatives can be taken with respect to it. @internal */
export const alias = (x: Tensor): Tensor => apply1(aliasOp, [x], {});

const stopOp: Op = {
  name: "StopGradient",
  infer: ([x]) => [x!],
  grad: "zero",
  batch: ([x]) => [stopGradient(x!)],
  simplify: ({ inputs }) => inputs,
};

/** `x` with derivative zero. */
export const stopGradient = (x: Tensor): Tensor => apply1(stopOp, [x], {});

const differentiable = (t: Tensor): boolean => isFloat(t.dtype);

/** What a reverse pass needs: the nodes between sources and results, kept even if the results are settled later. */
export interface Tape {
  readonly nodes: readonly Node[];
  readonly sources: readonly Tensor[];
}

/** Records the nodes from `sources` to `results`. @internal */
export const record = (results: readonly Tensor[], sources: readonly Tensor[]): Tape => ({
  sources,
  nodes: sources.length === 0 ? [] : dependents(results, sources, differentiable),
});

/**
 * Reverse pass: cotangents of the tape's sources from those of its results; undefined stands for zero.
 * @throws GradientError if an operator on the way has no gradient
 * @internal
 */
export function reverse(
  tape: Tape,
  results: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const sum = new Map<Tensor, Tensor>();
  const accumulate = (t: Tensor, ct: Tensor | undefined): void => {
    if (!ct) return;
    const before = sum.get(t);
    sum.set(t, before ? add(before, ct) : ct);
  };
  results.forEach((t, i) => accumulate(t, cotangents[i]));
  const active = new Set<Tensor>(tape.sources);
  for (const node of tape.nodes) for (const t of node.outputs) if (differentiable(t)) active.add(t);
  for (let i = tape.nodes.length - 1; i >= 0; i--) {
    const node = tape.nodes[i]!;
    const { op, inputs, attrs, outputs } = node;
    const cts = outputs.map((t) => sum.get(t));
    if (op.grad === "zero" || cts.every((ct) => ct === undefined)) continue;
    if (op.grad === "none")
      throw new GradientError({
        where: `ops.${op.name}`,
        got: "a request for its gradient",
        hint: "it has none",
      });
    const needs = inputs.map((t) => active.has(t));
    const grads = op.grad({ inputs, attrs, outputs }, cts, needs);
    inputs.forEach((t, k) => needs[k] && accumulate(t, grads[k]));
  }
  return tape.sources.map((t) => sum.get(t));
}
