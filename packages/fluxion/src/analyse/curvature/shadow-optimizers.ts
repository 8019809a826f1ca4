import type { Extra, Transform } from "../../optim/transform.js";

/** Optimizers that see the gradients of somebody else's training and say what they would do. */
export interface ShadowOptimizers<Name extends string> {
  /** States before the first step: a tree of Tensors. */
  init(params: unknown): Record<Name, unknown>;
  /** The updates that each would make, and the next states. */
  observe<P>(
    grads: P,
    states: Record<Name, unknown>,
    params: P,
    extra?: Extra,
  ): { updates: Record<Name, P>; states: Record<Name, unknown> };
}

/**
 * Runs several optimizers along one trajectory: every one keeps its own state and gets every gradient, but the
 * parameters are moved by whoever trains. So their updates can be compared at the same points.
 * @source Pan, Li, "Toward understanding why Adam converges faster than SGD for transformers", 2023, arXiv:2306.00204,
 *   section 3; deviates: none
 */
export function shadowOptimizers<const Name extends string>(
  optimizers: Readonly<Record<Name, Transform>>,
): ShadowOptimizers<Name> {
  const entries = Object.entries(optimizers) as [Name, Transform][];
  const record = <T>(make: (name: Name, optimizer: Transform) => T): Record<Name, T> =>
    Object.fromEntries(entries.map(([name, optimizer]) => [name, make(name, optimizer)])) as Record<Name, T>;
  return {
    init: (params) => record((_, optimizer) => optimizer.init(params)),
    observe<P>(grads: P, states: Record<Name, unknown>, params: P, extra?: Extra) {
      const steps = record((name, optimizer) => optimizer.update(grads, states[name], params, extra));
      return {
        updates: record((name) => steps[name].updates),
        states: record((name) => steps[name].state),
      };
    },
  };
}
