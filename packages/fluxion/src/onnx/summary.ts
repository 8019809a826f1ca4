import { costOf } from "../compile/cost.js";
import { dtypes, isFloat } from "../core/dtypes.js";
import { checkOptions, FluxionError, OptionError } from "../core/errors.js";
import { constant, placeholder, type Tensor } from "../core/tensor.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { treePaths } from "../core/tree.js";
import { openOnnx, type OnnxValue } from "./import.js";
import { parseModel, typeName, type FileGraph } from "./parse.js";
import { heldAs } from "./read-tensor.js";

/** What an ONNX file is made of. */
export interface OnnxSummary {
  readonly producer: string;
  readonly opset: number;
  readonly inputs: readonly OnnxEntry[];
  readonly outputs: readonly OnnxEntry[];
  /** How often each operator occurs, most frequent first, sub-graphs included. */
  readonly operators: Readonly<Record<string, number>>;
  readonly nodes: number;
  /** Number of float elements in tensors of the file, and the bytes of all its tensors as they are held. */
  readonly weights: number;
  readonly bytes: number;
  /** Floating-point operations of one run, if the file can be imported and its sizes are known. */
  readonly flops: number | undefined;
  /** Why there are no `flops`. */
  readonly why: string | undefined;
  /** The operators of the main graph, in order, each with its own cost; undefined as `flops`. */
  readonly costs: readonly OnnxNodeCost[] | undefined;
}

/** One operator of a file and what a run of it costs. */
export interface OnnxNodeCost {
  /** The node's name, or that of its first output. */
  readonly name: string;
  readonly operator: string;
  /** Its sub-graphs included. */
  readonly flops: number;
  /** Paths of the parameters that it reads, as in the tree that `importOnnx` gives. */
  readonly params: readonly string[];
  /** Of its first output. */
  readonly shape: Shape;
}

/** An input or output as the file declares it. */
export interface OnnxEntry {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[] | undefined;
}

/** Options of `summary`. */
export interface SummaryOptions {
  /** Names the file in errors. Default "summary". */
  where?: string;
  /** Sizes for free dimensions by name, whole numbers ≥ 1; all others count as 1. */
  sizes?: Readonly<Record<string, number>>;
  /** Shapes of inputs by name, for those that the file leaves open in several places. */
  shapes?: Readonly<Record<string, Shape>>;
  /** Values of inputs that decide shapes or branches; one number fills the input. */
  values?: Readonly<Record<string, number | readonly number[]>>;
}

/**
 * Operators, weights and cost of an ONNX file.
 * @throws FormatError if the file is damaged; OptionError for a size that is none
 */
export function summary(bytes: Uint8Array, options: SummaryOptions = {}): OnnxSummary {
  checkOptions("summary", options, ["where", "sizes", "shapes", "values"]);
  const { where = "summary" } = options;
  for (const [name, size] of Object.entries(options.sizes ?? {})) {
    if (!Number.isInteger(size) || size < 1) {
      throw new OptionError({
        where: `${where}: sizes.${name}`,
        want: "a whole number ≥ 1",
        got: String(size),
      });
    }
  }
  const { graph, opsets, producer } = parseModel(bytes, where);
  const found = new Map<string, number>();
  const size = { weights: 0, bytes: 0 };
  count(graph, found, size);
  const operators = Object.fromEntries([...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  return {
    producer,
    opset: opsets.get("") ?? 0,
    inputs: graph.inputs.map(entry),
    outputs: graph.outputs.map(entry),
    operators,
    nodes: [...found.values()].reduce((a, b) => a + b, 0),
    ...size,
    ...flopsOf(bytes, options),
  };
}

const entry = ({ name, type, shape }: FileGraph["inputs"][number]): OnnxEntry => ({
  name,
  type: (type !== undefined && heldAs(type)) || typeName(type),
  shape,
});

function count(graph: FileGraph, found: Map<string, number>, size: { weights: number; bytes: number }): void {
  const add = ({ data, dtype }: { data: ArrayLike<unknown>; dtype: keyof typeof dtypes }): void => {
    size.bytes += data.length * dtypes[dtype].bytes;
    if (isFloat(dtype)) size.weights += data.length;
  };
  for (const tensor of graph.initializers.values()) add(tensor);
  for (const node of graph.nodes) {
    found.set(node.type, (found.get(node.type) ?? 0) + 1);
    for (const value of node.attributes.values()) {
      if (typeof value !== "object") continue;
      if ("nodes" in value) count(value, found, size);
      else if ("data" in value) add(value);
    }
  }
}

function flopsOf(bytes: Uint8Array, options: SummaryOptions): Pick<OnnxSummary, "flops" | "why" | "costs"> {
  const { where = "summary" } = options;
  try {
    const { model, observed } = openOnnx(bytes, { where });
    const inputs = model.inputs.map((value) => argument(value, options));
    const paths = new Map(treePaths(model.params).map(({ path, leaf }) => [leaf, path]));
    const costs: OnnxNodeCost[] = [];
    const results = observed(inputs, (node, read, made) => {
      const [ins, outs] = [read, made].map((list) => list.filter((t) => t !== undefined));
      costs.push({
        name: node.name || (node.outputs[0] ?? ""),
        operator: node.type,
        flops: costOf(outs!, ins!).flops,
        params: ins!.flatMap((t) => paths.get(t) ?? []),
        shape: outs![0]?.shape ?? [],
      });
    });
    return { flops: costOf(results, [...inputs, ...paths.keys()]).flops, why: undefined, costs };
  } catch (error) {
    if (!(error instanceof FluxionError)) throw error;
    return { flops: undefined, why: error.message, costs: undefined };
  }
}

function argument(value: OnnxValue, { sizes = {}, shapes = {}, values = {} }: SummaryOptions): Tensor {
  const { dtype, name } = value;
  const given = values[name];
  const shape = shapes[name] ?? (value.shape ?? []).map((d) => (typeof d === "number" ? d : (sizes[d] ?? 1)));
  if (typeof given === "number") return constant(Array<number>(sizeOf(shape)).fill(given), dtype, shape);
  if (given) return constant(given, dtype, [given.length]);
  return placeholder(shape, dtype);
}
