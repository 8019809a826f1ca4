// Trees of parameters as vectors: what every estimate of curvature is written in.
import { isFloat, type DType } from "../../core/dtypes.js";
import { OptionError } from "../../core/errors.js";
import { foldIn, normal, rademacher } from "../../core/random/index.js";
import type { Tensor } from "../../core/tensor.js";
import { tensorLeaves, matchTree } from "../../core/tree.js";
import { add, div, mul } from "../../ops/arithmetic.js";
import { cast, where as choose } from "../../ops/compare.js";
import { zerosLike } from "../../ops/create.js";
import { sum } from "../../ops/reduce.js";
import { lengthOf } from "../../optim/normalized.js";

/** How probes are drawn: standard normal, or −1 and 1 with equal probability. */
export type ProbeDistribution = "normal" | "rademacher";

/** Float leaves of `a` with those of `b` at the same paths. @throws TreeError if the trees differ */
function pairs(where: string, a: unknown, b: unknown): [Tensor, Tensor][] {
  const { leaves, def } = tensorLeaves(where, a);
  const others = matchTree(where, def, b) as Tensor[];
  return leaves.flatMap((leaf, i) => (isFloat(leaf.dtype) ? [[leaf, others[i]!] as [Tensor, Tensor]] : []));
}

/** Float leaves of a tree. @throws OptionError if there are none */
function floats(where: string, tree: unknown): Tensor[] {
  const leaves = tensorLeaves(where, tree).leaves.filter((t) => isFloat(t.dtype));
  if (leaves.length === 0) throw new OptionError({ where, want: "a tree with float leaves", got: "none" });
  return leaves;
}

/** What scalars over a tree are computed in: float64 if a leaf is, else float32. @internal */
export const scalarType = (where: string, tree: unknown): DType =>
  floats(where, tree).some((t) => t.dtype === "float64") ? "float64" : "float32";

/** Σ aᵢbᵢ over all float leaves, a scalar. @throws TreeError if the trees differ @internal */
export function treeDot(where: string, a: unknown, b: unknown): Tensor {
  const dtype = scalarType(where, a);
  return pairs(where, a, b)
    .map(([x, y]) => sum(mul(cast(x, dtype), cast(y, dtype))))
    .reduce(add);
}

/** ‖v‖ over all float leaves, at any scale; a scalar. @internal */
export const treeNorm = (where: string, v: unknown): Tensor => lengthOf(floats(where, v));

/** f of every float leaf; the others pass. @internal */
export function mapFloats<P>(where: string, tree: P, f: (leaf: Tensor, index: number) => Tensor): P {
  const { leaves, def } = tensorLeaves(where, tree);
  return def.build(leaves.map((leaf, i) => (isFloat(leaf.dtype) ? f(leaf, i) : leaf))) as P;
}

/** a + scale·b, float leaf by float leaf. @throws TreeError if the trees differ @internal */
export function addScaled<P>(where: string, a: P, b: P, scale: Tensor | number): P {
  const { leaves, def } = tensorLeaves(where, a);
  const others = matchTree(where, def, b) as Tensor[];
  return def.build(
    leaves.map((leaf, i) =>
      isFloat(leaf.dtype) ? add(leaf, cast(mul(others[i]!, scale), leaf.dtype)) : leaf,
    ),
  ) as P;
}

/** v / ‖v‖, and 0 for 0. @internal */
export function normalized<P>(where: string, v: P): P {
  const norm = treeNorm(where, v);
  const unit = choose(norm.equal(0), 1, norm);
  return mapFloats(where, v, (leaf) => cast(div(cast(leaf, norm.dtype), unit), leaf.dtype));
}

/** Random numbers in the shape of a tree's float leaves, zeros in that of the others. @internal */
export function probeLike<P>(where: string, tree: P, key: Tensor, distribution: ProbeDistribution): P {
  if (distribution !== "normal" && distribution !== "rademacher") {
    throw new OptionError({ where, want: "distribution normal or rademacher", got: String(distribution) });
  }
  const { leaves, def } = tensorLeaves(where, tree);
  return def.build(
    leaves.map((leaf, i) => {
      if (!isFloat(leaf.dtype)) return zerosLike(leaf);
      const own = foldIn(key, i);
      if (distribution === "rademacher") return cast(rademacher(own, leaf.shape), leaf.dtype);
      if (leaf.dtype === "float16") return cast(normal(own, leaf.shape), "float16");
      return normal(own, leaf.shape, { dtype: leaf.dtype as "float32" | "float64" });
    }),
  ) as P;
}
