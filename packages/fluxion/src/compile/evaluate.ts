import { runtime } from "#runtime";
import { collect, substitute } from "../core/node.js";
import { placeholder, storageOf, Tensor } from "../core/tensor.js";
import { flattenTree } from "../core/tree.js";
import { ProgramCache } from "./cache.js";
import { device, type Device } from "./device.js";
import { structureKey } from "./key.js";
import { buildProgram } from "./program.js";

/** Programs of lazily evaluated tensors, by structure: evaluating the same expression again does not compile again. */
const cache = new ProgramCache(64);

/**
 * Computes every Tensor of a tree in one program and keeps the values in them.
 * @returns the tree itself
 */
export async function evaluate<T>(tree: T): Promise<T> {
  const pending = [...new Set(flattenTree(tree).leaves)].filter(
    (t): t is Tensor => t instanceof Tensor && !storageOf(t),
  );
  if (pending.length === 0) return tree;
  const nodes = collect(pending);
  const leaves = nodes.filter((n) => n.op.name === "Data").map((n) => n.outputs[0]!);
  const where = device(await runtime.devices());
  const key = `${where}\n${structureKey(
    pending,
    leaves,
    nodes.filter((n) => n.op.name !== "Data"),
  )}`;
  const program = await cache.get(key, () => {
    const params = leaves.map((t) => placeholder(t.shape, t.dtype));
    return buildProgram(substituteLeaves(pending, leaves, params), params, runtime, { device: where });
  });
  const values = await program.run(leaves);
  pending.forEach((t, i) => t.settle(values[i]!));
  return tree;
}

/** Cuts the graph loose from the values at its leaves, so that a cached program keeps none of them alive. */
const substituteLeaves = (results: Tensor[], leaves: Tensor[], params: Tensor[]): Tensor[] =>
  leaves.length === 0 ? results : substitute(results, leaves, params);

/** The devices that programs can run on here, the default first. */
export const availableDevices = (): Promise<readonly Device[]> => runtime.devices();
