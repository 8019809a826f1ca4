import { collect, apply, type Attrs, type Graph, type Node } from "../core/node.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";
import { matmul } from "../ops/matmul.js";
import { swapAxes } from "../ops/movement.js";
import { sigmoid } from "../ops/unary.js";

/** Forms in standard ONNX of operators that are otherwise written with ONNX Runtime's own ones. */
const rules: Readonly<Record<string, (inputs: readonly Tensor[], attrs: Attrs) => Tensor | undefined>> = {
  MatMul([a, b], { transA, transB, alpha }) {
    if ((!transA && !transB && alpha === 1) || (a!.rank === 2 && b!.rank === 2)) return undefined;
    const product = matmul(transA ? swapAxes(a!, -1, -2) : a!, transB ? swapAxes(b!, -1, -2) : b!);
    return alpha === 1 ? product : mul(product, alpha as number);
  },
  Silu: ([x]) => mul(x!, sigmoid(x!)),
};

/** The same values without operators of the `com.microsoft` domain, in sub-graphs too. */
export function standardOperators(results: readonly Tensor[], params: readonly Tensor[]): Tensor[] {
  const image = new Map<Tensor, Tensor>(params.map((t) => [t, t]));
  for (const node of collect(results, new Set(params))) {
    if (node.outputs.length === 0 || image.has(node.outputs[0]!)) continue;
    const inputs = node.inputs.map((t) => image.get(t)!);
    const other = rules[node.op.name]?.(inputs, node.attrs);
    const outputs = other ? [other] : rebuilt(node, inputs);
    node.outputs.forEach((t, i) => image.set(t, outputs[i]!));
  }
  return results.map((t) => image.get(t)!);
}

function rebuilt(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  const graphs = Object.entries(node.attrs).filter((pair): pair is [string, Graph] => isGraph(pair[1]));
  if (graphs.length === 0 && inputs.every((t, i) => t === node.inputs[i])) return node.outputs;
  const standard = graphs.map(([name, { params, results }]) => [
    name,
    { params, results: standardOperators(results, params) },
  ]);
  return apply(node.op, inputs, { ...node.attrs, ...(Object.fromEntries(standard) as Attrs) });
}

const isGraph = (value: unknown): value is Graph =>
  typeof value === "object" && value !== null && "params" in value && "results" in value;
