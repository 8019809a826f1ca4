import { dtypes } from "../core/dtypes.js";
import { collect, type Graph, type Node } from "../core/node.js";
import { sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";

/** What one run of a program costs, counted on its graph. */
export interface Cost {
  /** Floating-point operations; a multiply-add counts as two. */
  readonly flops: number;
  /** Bytes read and written by the operators, caches ignored. */
  readonly bytes: number;
  /** Operators, loops' bodies counted once. */
  readonly nodes: number;
}

const bytesOf = (t: Tensor): number => sizeOf(t.shape) * dtypes[t.dtype].bytes;
const free = new Set(["Reshape", "Alias", "StopGradient", "Constant", "Data", "Input"]);
const moves = new Set(["Transpose", "Expand", "Concat", "Slice", "Pad", "Cast", "Gather", "Where"]);

/** Cost of computing `results` from `params`. */
export function costOf(results: readonly Tensor[], params: readonly Tensor[]): Cost {
  let [flops, bytes, nodes] = [0, 0, 0];
  for (const node of collect(results, new Set(params))) {
    if (free.has(node.op.name)) continue;
    nodes++;
    for (const { graph, times } of bodies(node)) {
      const inner = costOf(graph.results, graph.params);
      flops += inner.flops * times;
      bytes += inner.bytes * times;
      nodes += inner.nodes;
    }
    flops += node.op.flops
      ? node.op.flops(node)
      : moves.has(node.op.name)
        ? 0
        : sizeOf(node.outputs[0]?.shape ?? [0]);
    for (const t of [...node.inputs, ...node.outputs]) bytes += bytesOf(t);
  }
  return { flops, bytes, nodes };
}

/** Sub-graphs of a node with how often they run; of a branch the dearer side counts. */
function bodies(node: Node): { graph: Graph; times: number }[] {
  if (node.op.name === "Scan")
    return [{ graph: node.attrs.body as Graph, times: node.attrs.length as number }];
  if (node.op.name !== "If") return [];
  const sides = [node.attrs.yes as Graph, node.attrs.no as Graph];
  const flops = sides.map((g) => costOf(g.results, g.params).flops);
  return [{ graph: sides[flops[0]! >= flops[1]! ? 0 : 1]!, times: 1 }];
}
