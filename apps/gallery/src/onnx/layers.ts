// The operators of a file as layers: what a table of readable length can show.
import type { OnnxNodeCost } from "fluxion/onnx";
import type { ParamLine } from "./protocol.js";

/** Operators that share a weight: from one that reads a matrix or kernel to the next such. */
export interface Layer {
  readonly name: string;
  /** Types of its operators, each once. */
  readonly operators: readonly string[];
  readonly flops: number;
  readonly params: readonly ParamLine[];
}

const lengthOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Number of elements of a parameter. */
export const elements = ({ shape }: ParamLine): number => lengthOf(shape);

/** "blocks[0].qkv" of "blocks[0].qkv.weight". */
const stem = (path: string): string =>
  /^(.+)[._](?:weights?|bias|kernel|scale|w|b)(?:_?\d*)$/i.exec(path)?.[1] ?? path;

/**
 * Layers in the order in which the file computes them. Vectors (biases, scales) belong to the layer before them, and so
 * does the work of operators without parameters.
 * @param costs of the file's operators; without them every name makes a layer
 */
export function layersOf(costs: readonly OnnxNodeCost[], params: readonly ParamLine[]): Layer[] {
  const left = new Map(params.map((param) => [param.path, param]));
  const layers: { name: string; operators: string[]; flops: number; params: ParamLine[] }[] = [];
  const begin = (name: string): (typeof layers)[number] => {
    const made = { name, operators: [], flops: 0, params: [] };
    layers.push(made);
    return made;
  };
  const take = (paths: readonly string[]): ParamLine[] =>
    [...new Set(paths)].flatMap((path) => {
      const param = left.get(path);
      left.delete(path);
      return param ?? [];
    });
  let waiting = 0;
  for (const { operator, flops, params: paths } of costs) {
    const own = take(paths);
    const heavy = own.find(({ shape }) => shape.filter((n) => n > 1).length >= 2);
    const name = own[0] && stem(own[0].path);
    let layer = layers.at(-1);
    if (name !== undefined && (!layer || (heavy && layer.name !== name))) layer = begin(name);
    if (!layer) {
      waiting += flops;
      continue;
    }
    if (waiting > 0) [layer.flops, waiting] = [layer.flops + waiting, 0];
    layer.flops += flops;
    layer.params.push(...own);
    if (flops > 0 && !layer.operators.includes(operator)) layer.operators.push(operator);
  }
  for (const param of [...left.values()]) {
    const name = stem(param.path);
    (layers.find((layer) => layer.name === name) ?? begin(name)).params.push(param);
  }
  return layers;
}

/** FLOPs and number of the operators of each type, dearest first. */
export function byOperator(
  costs: readonly OnnxNodeCost[],
): { operator: string; count: number; flops: number }[] {
  const found = new Map<string, { operator: string; count: number; flops: number }>();
  for (const { operator, flops } of costs) {
    const entry = found.get(operator) ?? { operator, count: 0, flops: 0 };
    found.set(operator, { operator, count: entry.count + 1, flops: entry.flops + flops });
  }
  return [...found.values()].sort((a, b) => b.flops - a.flops || b.count - a.count);
}

/** Paths of the parameters of the last `count` layers that have some; of all for "all". */
export function lastLayers(layers: readonly Layer[], count: number | "all"): string[] {
  const filled = layers.filter(({ params }) => params.length > 0);
  const chosen = count === "all" ? filled : filled.slice(-count);
  return chosen.flatMap(({ params }) => params.map(({ path }) => path));
}
