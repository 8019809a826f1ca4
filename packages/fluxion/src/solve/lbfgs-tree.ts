// L-BFGS over a tree of Tensors, the parameters of a network for example.
import { decode } from "../core/dtypes.js";
import { DtypeError } from "../core/errors.js";
import { constant, type Tensor } from "../core/tensor.js";
import { checkTree, tensorLeaves } from "../core/tree.js";
import { lbfgs, type LbfgsOptions, type LbfgsOutcome } from "./lbfgs.js";

/**
 * `lbfgs` over a tree: the search runs in float64 on the host, values and gradients come from a program such as
 * `compile(valueAndGrad(loss))`.
 * @param program gives f, a scalar, and the gradient, a tree like the parameters
 * @param start tree of float32 or float64 Tensors
 * @param options as `lbfgs`; `rounding` defaults to 1e-6 if a leaf is float32
 * @returns as `lbfgs`, with a tree like the start
 * @throws OptionError, TreeError, ShapeError; DtypeError for other dtypes
 * @source as `lbfgs`
 */
export async function lbfgsTree<P>(
  program: (params: P) => Promise<readonly [value: Tensor, gradient: P]>,
  start: P,
  options: LbfgsOptions = {},
): Promise<LbfgsOutcome<P>> {
  const where = "solve.lbfgsTree";
  const { leaves, def } = tensorLeaves(where, start);
  leaves.forEach(({ dtype }, i) => {
    if (dtype !== "float32" && dtype !== "float64")
      throw new DtypeError({ where: `${where} at ${def.paths[i]}`, want: "float32 or float64", got: dtype });
  });
  const offsets = [0];
  for (const leaf of leaves) offsets.push(offsets.at(-1)! + leaf.size);
  const flat = async (tree: P): Promise<Float64Array> => {
    const x = new Float64Array(offsets.at(-1)!);
    const parts = tensorLeaves(where, tree).leaves;
    for (const [i, leaf] of parts.entries()) x.set(decode(await leaf.data(), leaf.dtype), offsets[i]);
    return x;
  };
  const treeOf = (x: Float64Array): P =>
    def.build(
      leaves.map(({ dtype, shape }, i) => constant(x.slice(offsets[i], offsets[i + 1]), dtype, shape)),
    ) as P;
  const rounding = leaves.some(({ dtype }) => dtype === "float32") ? 1e-6 : 1e-14;
  const outcome = await lbfgs(
    async (x) => {
      const [value, gradient] = await program(treeOf(x));
      checkTree(where, start, gradient);
      return { value: await value.item(), gradient: await flat(gradient) };
    },
    await flat(start),
    { rounding, ...options },
  );
  return { ...outcome, x: treeOf(outcome.x) };
}
