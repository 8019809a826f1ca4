import { apply, collect, dependents, substitute, type Graph } from "./node.js";
import { literalOf, placeholder, type Tensor } from "./tensor.js";

/** A literal, or one repeated (zeros, ones): cheaper to write where it is used than to hand in. */
const isLiteral = (t: Tensor): boolean =>
  literalOf(t) !== undefined || (t.node.op.name === "Expand" && literalOf(t.node.inputs[0]!) !== undefined);

/** Makes `results` a closed graph: what does not depend on `params` is captured as further params. @internal */
export function close(
  results: readonly Tensor[],
  params: readonly Tensor[],
): { graph: Graph; captured: Tensor[] } {
  const inner = new Set(params.length === 0 ? [] : dependents(results, params));
  const known = new Set(params);
  const captured = new Set<Tensor>();
  const note = (t: Tensor): void => {
    if (!known.has(t) && !inner.has(t.node) && !isLiteral(t)) captured.add(t);
  };
  for (const node of inner) node.inputs.forEach(note);
  results.forEach(note);
  const outer = [...captured];
  const fresh = outer.map((t) => placeholder(t.shape, t.dtype));
  // The fresh params are younger than the body; substitute from the captured tensors, which are older.
  const replaced = replaceIn(results, outer, fresh, inner);
  return { graph: { params: [...params, ...fresh], results: replaced }, captured: outer };
}

function replaceIn(
  results: readonly Tensor[],
  from: Tensor[],
  to: Tensor[],
  inner: ReadonlySet<unknown>,
): Tensor[] {
  const image = new Map<Tensor, Tensor>(from.map((t, i) => [t, to[i]!]));
  for (const node of collect(results, new Set(from))) {
    if (!inner.has(node) || !node.inputs.some((t) => image.has(t))) continue;
    const outputs = apply(
      node.op,
      node.inputs.map((t) => image.get(t) ?? t),
      node.attrs,
    );
    node.outputs.forEach((t, i) => image.set(t, outputs[i]!));
  }
  return results.map((t) => image.get(t) ?? t);
}

/** The graph applied to other tensors. @internal */
export const inline = (graph: Graph, args: readonly Tensor[]): Tensor[] =>
  substitute(graph.results, graph.params, args);
