import { OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { matchTree, tensorLeaves } from "../core/tree.js";
import { add, mul } from "../ops/arithmetic.js";
import { mapLeaves } from "./leaves.js";
import { checkRange } from "./options.js";
import type { Transform } from "./transform.js";

/**
 * Which parameters something applies to: a tree of booleans like the parameters, or a predicate of a leaf's path
 * (`blocks[3].qkv`) and the leaf.
 */
export type Mask = ((path: string, leaf: Tensor) => boolean) | object | boolean;

/**
 * Adds weightDecay·p to the updates: the gradient of weightDecay/2·‖p‖².
 * @param weightDecay number in [0, ∞)
 * @param options `mask`: what decays; default everything
 * @throws OptionError without params in `update`; TreeError if the mask's structure differs
 */
export function addDecayedWeights(weightDecay: number, options: { mask?: Mask | undefined } = {}): Transform {
  checkRange("optim.addDecayedWeights", "weightDecay", weightDecay, "[0, ∞)");
  return {
    init: () => ({}),
    update(grads, state, params) {
      const where = "optim.addDecayedWeights";
      const given = needParams(where, params);
      const chosen = maskedPaths(where, given, options.mask);
      const [updates] = mapLeaves(where, grads, [given], (g, [p], path) => [
        chosen.has(path) ? add(g, mul(p, weightDecay)) : g,
      ]);
      return { updates, state };
    },
  };
}

/** `params` for a transform that reads them. @throws OptionError if they were not given @internal */
export function needParams<P>(where: string, params: P | undefined): P {
  if (params !== undefined) return params;
  throw new OptionError({ where, want: "params", got: "none", hint: "call update(grads, state, params)" });
}

/** The paths of the leaves that `mask` chooses; all without one. @internal */
export function maskedPaths(where: string, params: unknown, mask: Mask | undefined): Set<string> {
  const { leaves, def } = tensorLeaves(where, params);
  if (mask === undefined) return new Set(def.paths);
  const predicate =
    typeof mask === "function" ? (mask as (path: string, leaf: Tensor) => boolean) : undefined;
  const flags = predicate
    ? leaves.map((leaf, i) => predicate(def.paths[i]!, leaf))
    : matchTree(`${where}: mask`, def, mask);
  flags.forEach((flag, i) => {
    if (typeof flag !== "boolean")
      throw new OptionError({
        where: `${where}: mask at ${def.paths[i]}`,
        want: "a boolean",
        got: typeof flag,
      });
  });
  return new Set(def.paths.filter((_, i) => flags[i]));
}
