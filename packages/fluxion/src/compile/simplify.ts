import { apply, collect, type Attrs, type Graph, type Node } from "../core/node.js";
import { constant, literalOf, type Tensor } from "../core/tensor.js";
import { attrsKey, identityOf } from "./key.js";
import { mergeBlocks } from "./merge-blocks.js";

/**
 * The same values by a smaller graph: every operator's own rewriting rule until none applies, equal sub-expressions
 * shared, what nothing uses left out. Sub-graphs of loops and branches are simplified too. Linear in the graph.
 */
export function simplify(results: readonly Tensor[], params: readonly Tensor[]): Tensor[] {
  const image = new Map<Tensor, Tensor>(params.map((t) => [t, t]));
  const known = new Map<string, Node>();

  const rewriteNode = (node: Node): void => {
    if (node.outputs.length === 0 || image.has(node.outputs[0]!)) return;
    const inputs = node.inputs.map((t) => image.get(t)!);
    const attrs = simplifyAttrs(node.attrs);
    const key = `${node.op.name}(${inputs.map((t) => identityOf(t)).join(",")}|${attrsKey(attrs)})`;
    const same = known.get(key);
    if (same) {
      node.outputs.forEach((t, i) => image.set(t, image.get(same.outputs[i]!) ?? same.outputs[i]!));
      return;
    }
    const unchanged = attrs === node.attrs && inputs.every((t, i) => t === node.inputs[i]);
    const outputs = unchanged ? node.outputs : apply(node.op, inputs, attrs);
    known.set(key, outputs[0]!.node);
    const better = nothing(outputs) ?? node.op.simplify?.({ inputs, attrs, outputs });
    better?.forEach(rewrite);
    const final = better ? better.map((t) => image.get(t)!) : outputs;
    outputs.forEach((t, i) => image.set(t, final[i]!));
    node.outputs.forEach((t, i) => image.set(t, final[i]!));
  };

  // Rules build a few nodes on top of what is rewritten already, so this recursion is shallow.
  const rewrite = (t: Tensor): void => {
    if (image.has(t)) return;
    t.node.inputs.forEach(rewrite);
    rewriteNode(t.node);
  };

  for (const node of collect(results, new Set(params))) rewriteNode(node);
  return mergeBlocks(
    results.map((t) => image.get(t)!),
    params,
  );
}

/** Values without elements need no operator, and not every kernel of ONNX Runtime takes them. */
const nothing = (outputs: readonly Tensor[]): Tensor[] | undefined =>
  outputs.every((t) => t.size === 0 && !literalOf(t))
    ? outputs.map((t) => constant([], t.dtype, t.shape))
    : undefined;

const simplified = new WeakMap<Graph, Graph>();

function simplifyAttrs(attrs: Attrs): Attrs {
  let out: Record<string, Attrs[string]> | undefined;
  for (const [name, value] of Object.entries(attrs)) {
    if (!isGraph(value)) continue;
    let graph = simplified.get(value);
    if (!graph) {
      graph = { params: value.params, results: simplify(value.results, value.params) };
      simplified.set(value, graph).set(graph, graph);
    }
    if (graph !== value) (out ??= { ...attrs })[name] = graph;
  }
  return out ?? attrs;
}

const isGraph = (value: unknown): value is Graph =>
  typeof value === "object" && value !== null && "params" in value && "results" in value;
