import type { Attr, Attrs, Graph, Node } from "../core/node.js";
import { collect } from "../core/node.js";
import type { Tensor } from "../core/tensor.js";

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

/** A number that stands for this very object. */
export function identityOf(value: object): number {
  let id = identities.get(value);
  if (id === undefined) identities.set(value, (id = nextIdentity++));
  return id;
}

/** A number written exactly: NaN, infinities and −0 differ from everything else. */
export const numberKey = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

function attrKey(value: Attr): string {
  switch (typeof value) {
    case "number":
      return numberKey(value);
    case "string":
      return JSON.stringify(value);
    case "function":
      return `#${identityOf(value)}`;
    case "object":
      break;
    default:
      return String(value);
  }
  if (Array.isArray(value)) return `[${(value as (number | string)[]).map(attrKey).join(",")}]`;
  if (ArrayBuffer.isView(value)) {
    const list = Array.from(value as ArrayLike<number | bigint>, (v) =>
      typeof v === "bigint" ? `${v}n` : numberKey(v),
    );
    return `${value.constructor.name}(${list.join(",")})`;
  }
  return graphKey(value as Graph);
}

/** Attributes as text: equal exactly if the attributes are. */
export function attrsKey(attrs: Attrs): string {
  return Object.keys(attrs)
    .map((name) => `${name}=${attrKey(attrs[name])}`)
    .join(";");
}

/** The attributes that a node's values depend on: a gradient of one's own is not among them. */
const valueAttrsKey = ({ op, attrs }: Node): string =>
  op.name === "CustomGradient" ? `count=${attrKey(attrs.count)}` : attrsKey(attrs);

const graphKeys = new WeakMap<Graph, string>();

/** A closed graph as text: equal exactly if the graphs compute the same by the same operators. */
export function graphKey(graph: Graph): string {
  const known = graphKeys.get(graph);
  if (known !== undefined) return known;
  const key = `{${structureKey(graph.results, graph.params, collect(graph.results, new Set(graph.params)))}}`;
  graphKeys.set(graph, key);
  return key;
}

/** The computation of `results` from `params` as text; other leaves enter as themselves. */
export function structureKey(
  results: readonly Tensor[],
  params: readonly Tensor[],
  nodes: readonly Node[],
): string {
  const name = new Map<Tensor, string>(params.map((t, i) => [t, `p${i}:${t.dtype}[${t.shape.join(",")}]`]));
  const lines = params.map((t) => name.get(t)!);
  params.forEach((t, i) => name.set(t, `p${i}`));
  nodes.forEach((node, i) => {
    node.outputs.forEach((t, k) => {
      if (!name.has(t)) name.set(t, `${i}.${k}`);
    });
    if (node.op.name === "Input" && node.outputs.every((t) => params.includes(t))) return;
    lines.push(`${node.op.name}(${node.inputs.map((t) => name.get(t)).join(",")}|${valueAttrsKey(node)})`);
  });
  return `${lines.join("\n")}->${results.map((t) => name.get(t)).join(",")}`;
}
