import { TreeError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { mapLeaves } from "./leaves.js";

/**
 * What some optimizers want besides gradients; each reads what it knows and leaves the rest. `train` gives all of it.
 */
export interface Extra {
  /** The loss at `params`, a float scalar. */
  readonly value?: Tensor;
  /** The loss of this step's batch as a function of the parameters: what curvature is taken of. */
  readonly objective?: (params: never) => Tensor;
  /** This step's batch. */
  readonly batch?: unknown;
  /** uint32 [2], another one at every step; the loss draws from the same, so fold something in before drawing. */
  readonly key?: Tensor;
  readonly [name: string]: unknown;
}

/**
 * A gradient transformation: pure functions over trees of Tensors, usable lazily, inside `compile` and inside `scan`.
 * Updates are added to the parameters, so a descent step comes out with the sign turned.
 */
export interface Transform<State = unknown> {
  /** The state before the first step: a tree of Tensors that keeps its structure, shapes and dtypes. */
  init(params: unknown): State;
  /**
   * One step.
   * @param grads tree like the parameters; leaves that are not floats pass unchanged
   * @param state from `init` or the last `update`
   * @param params needed by transforms that read them, such as weight decay
   * @throws TreeError naming the path where a tree differs
   */
  update<P>(grads: P, state: State, params?: P, extra?: Extra): { updates: P; state: State };
}

/** Leaves updates as they are. */
export const identity = (): Transform => ({
  init: () => ({}),
  update: (updates, state) => ({ updates, state }),
});

/**
 * Transforms one after the other: the updates of each are the gradients of the next.
 * @returns a transform whose state is the list of theirs
 * @throws TreeError if a state is not such a list
 */
export function chain(...transforms: readonly Transform[]): Transform<unknown[]> {
  return {
    init: (params) => transforms.map((t) => t.init(params)),
    update(grads, state, params, extra) {
      if (!Array.isArray(state) || state.length !== transforms.length) {
        const got = Array.isArray(state) ? String(state.length) : typeof state;
        throw new TreeError({ where: "optim.chain: state", want: `a list of ${transforms.length}`, got });
      }
      let updates = grads;
      const states = transforms.map((t, i) => {
        const step = t.update(updates, state[i], params, extra);
        updates = step.updates;
        return step.state;
      });
      return { updates, state: states };
    },
  };
}

/**
 * The parameters after a step: p + u, in the dtype of p. Leaves that are not floats stay.
 * @throws TreeError if the trees differ
 */
export function applyUpdates<P>(params: P, updates: P): P {
  const [next] = mapLeaves("optim.applyUpdates", params, [params, updates], (wide, [p, u]) => [
    cast(add(wide, u), p.dtype),
  ]);
  return next;
}
