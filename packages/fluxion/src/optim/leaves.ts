import { isFloat, type DType } from "../core/dtypes.js";
import { ShapeError } from "../core/errors.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { matchTree, tensorLeaves } from "../core/tree.js";
import { cast } from "../ops/compare.js";
import { full } from "../ops/create.js";

/**
 * Applies `f` to every float leaf of `tree` (float16 as float32) with the leaves at the same path of `others`.
 * @param f gives `[new leaf, new leaf of others[0], …]`. A leaf that is not a float is passed through with its others.
 * @returns one tree for every tensor that `f` gives
 * @throws TreeError, ShapeError naming the path where a tree of `others` differs
 * @internal
 */
export function mapLeaves<
  P,
  const Others extends readonly unknown[],
  Out extends readonly [Tensor, ...Tensor[]],
>(
  where: string,
  tree: P,
  others: Others,
  f: (leaf: Tensor, rest: { [K in keyof Others]: Tensor }, path: string) => Out,
): { [K in keyof Out]: P } {
  const { leaves, def } = tensorLeaves(where, tree);
  const rest = others.map((other) => matchTree(where, def, other) as Tensor[]);
  const columns: Tensor[][] = [leaves, ...rest].map(() => []);
  leaves.forEach((leaf, i) => {
    const row = [leaf, ...rest.map((r) => r[i]!)];
    for (const t of row) {
      if (sameShape(t.shape, leaf.shape)) continue;
      throw new ShapeError({
        where: `${where} at ${def.paths[i]}`,
        want: showShape(leaf.shape),
        got: showShape(t.shape),
      });
    }
    const out = isFloat(leaf.dtype)
      ? f(cast(leaf, wider(leaf.dtype)), row.slice(1) as never, def.paths[i]!)
      : row;
    columns.forEach((column, k) => column.push(out[k] ?? row[k]!));
  });
  return columns.map((column) => def.build(column)) as { [K in keyof Out]: P };
}

/**
 * A tree like `params` filled with `value`: the state most optimizers start from. float16 leaves get float32 state,
 * because squares of gradients leave the range of halves.
 * @internal
 */
export function filledTree(params: unknown, value = 0): unknown {
  const { leaves, def } = tensorLeaves("optim: params", params);
  return def.build(leaves.map((t) => full(t.shape, value, { dtype: wider(t.dtype) })));
}

const wider = (dtype: DType): DType => (dtype === "float16" ? "float32" : dtype);

/** `make(dtype)`, made once for every dtype. @internal */
export function perDtype(make: (dtype: DType) => Tensor): (dtype: DType) => Tensor {
  const made = new Map<DType, Tensor>();
  return (dtype) => {
    const known = made.get(dtype) ?? make(dtype);
    made.set(dtype, known);
    return known;
  };
}
