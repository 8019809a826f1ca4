// Parameters and gradients as one vector: what travels between machines.
import { OptionError } from "../core/errors.js";
import { isFloat } from "../core/dtypes.js";
import { elementCount } from "../data/array-data.js";
import type { Tensor } from "../core/tensor.js";
import { tensorLeaves } from "../core/tree.js";
import { cast } from "../ops/compare.js";
import { slice } from "../ops/slicing.js";

/** Leaves of a tree of floats with the place of each in the vector. */
function layout(where: string, like: unknown) {
  const { leaves, def } = tensorLeaves(where, like);
  let at = 0;
  const places = leaves.map(({ shape, dtype }, i) => {
    if (!isFloat(dtype))
      throw new OptionError({ where: `${where}.${def.paths[i]}`, want: "floats", got: dtype });
    const from = at;
    at += elementCount(shape);
    return { from, to: at, shape, dtype };
  });
  return { leaves, def, places, size: at };
}

/**
 * The numbers of a tree of float Tensors in key order.
 * @returns float32 [D]
 * @throws TreeError, OptionError
 */
export async function flatten(params: unknown): Promise<Float32Array> {
  const { leaves, places, size } = layout("distributed.flatten", params);
  const out = new Float32Array(size);
  for (const [i, leaf] of leaves.entries()) out.set((await leaf.data()) as Float32Array, places[i]!.from);
  return out;
}

/**
 * The tree again, as part of a graph.
 * @param vector float [D]
 * @param like a tree of the structure, shapes and dtypes that are wanted
 */
export function unflatten<P>(vector: Tensor, like: P): P {
  const { def, places } = layout("distributed.unflatten", like);
  return def.build(
    places.map(({ from, to, shape, dtype }) => cast(slice(vector, [from, to]).reshape([...shape]), dtype)),
  ) as P;
}
