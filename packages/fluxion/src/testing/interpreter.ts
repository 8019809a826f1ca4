import { decode } from "../core/dtypes.js";
import { collect, type Graph, type Node } from "../core/node.js";
import { literalOf, storageOf, type Tensor } from "../core/tensor.js";
import { composed } from "./interpret/composed.js";
import { control } from "./interpret/control.js";
import { elementwise } from "./interpret/elementwise.js";
import { fourier } from "./interpret/fourier.js";
import { indexing } from "./interpret/indexing.js";
import { images } from "./interpret/image.js";
import { matrix } from "./interpret/matmul.js";
import { movement } from "./interpret/movement.js";
import { nn } from "./interpret/nn.js";
import { reduce } from "./interpret/reduce.js";
import { valueOf, type Rules, type Value } from "./interpret/value.js";
import { windows } from "./interpret/window.js";

export type { Value } from "./interpret/value.js";

const rules: Rules = {
  ...elementwise,
  ...movement,
  ...reduce,
  ...matrix,
  ...nn,
  ...windows,
  ...images,
  ...indexing,
  ...fourier,
  ...composed,
  ...control,
};

/** Whether the interpreter has a rule for an operator. */
export const interprets = (name: string): boolean => name in rules;

/** Options of `interpret`. */
export interface InterpretOptions {
  /** Keeps floats in double instead of rounding every node to its dtype. Default false. */
  exact?: boolean;
  /** Gets every computed node with its values. */
  onNode?: (node: Node, values: readonly Value[]) => void;
}

/**
 * Values of `results` by walking the graph as it stands and computing each node with plain loops in double: an
 * independent check of the simplifier, the ONNX emission and ONNX Runtime's kernels.
 * @param feeds values of placeholders
 * @throws Error for an operator without a rule or a placeholder without a value
 */
export function interpret(
  results: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, Value> = new Map(),
  options: InterpretOptions = {},
): Value[] {
  const { exact = false } = options;
  const values = new Map<Tensor, Value>(feeds);
  const run = (graph: Graph, args: readonly Value[]): Value[] =>
    interpret(graph.results, new Map(graph.params.map((p, i) => [p, args[i]!])), options);
  for (const node of collect(results, new Set(feeds.keys()))) {
    if (node.outputs.every((t) => values.has(t))) continue;
    const outputs = computeNode(node, values, run, exact);
    node.outputs.forEach((t, i) => values.set(t, outputs[i]!));
    options.onNode?.(node, outputs);
  }
  return results.map((t) => values.get(t)!);
}

function computeNode(
  node: Node,
  values: ReadonlyMap<Tensor, Value>,
  run: (graph: Graph, args: readonly Value[]) => Value[],
  exact: boolean,
): Value[] {
  const leaf = leafValue(node.outputs[0]!);
  if (leaf) return [leaf];
  const inputs = node.inputs.map((t) => values.get(t)!);
  const rule = rules[node.op.name];
  const raw = node.op.host
    ? node.op.host(
        inputs.map((v) => v.data),
        node,
      )
    : rule?.(inputs, {
        node,
        attrs: node.attrs,
        shapeOf: (i) => node.outputs[i]!.shape,
        run,
      });
  if (raw instanceof Promise) throw new Error(`interpreter: ${node.op.name} answers by a promise`);
  if (!raw) throw new Error(`interpreter: no rule for ${node.op.name}`);
  return node.outputs.map((t, i) => valueOf(raw[i]!, t.shape, t.dtype, exact));
}

/** The value of a literal or of data that is on the host already. */
function leafValue(t: Tensor): Value | undefined {
  const data = literalOf(t) ?? storageOf(t)?.host;
  return data && { shape: t.shape, dtype: t.dtype, data: decode(data, t.dtype) };
}
