import { isFloat, type DType } from "../core/dtypes.js";
import { checkOptions, CompileError, DtypeError, ShapeError, TreeError } from "../core/errors.js";
import { showShape, type Shape } from "../core/shape.js";
import { tensor, Tensor } from "../core/tensor.js";
import { checkTree, flattenTree, tensorLeaves } from "../core/tree.js";
import { unsupported, walkModel, type Observer, type Walk } from "./interpret.js";
import { treeFromNames, type NamedTree } from "./names.js";
import { constantInputs } from "./operators/index.js";
import { parseModel, typeName, type FileGraph, type FileModel, type FileValue } from "./parse.js";
import { heldAs, type FileTensor } from "./read-tensor.js";

/** An input or output of an imported model. */
export interface OnnxValue {
  readonly name: string;
  /** Integers of 8 and 16 bits are held as int32, uint64 as int64, bfloat16 as float32. */
  readonly dtype: DType;
  /** Sizes, or names of sizes that are free ("?": without a name); undefined if the file does not say. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A model read from an ONNX file: a differentiable function with its parameters. */
export interface OnnxModel {
  /** The file's weights as a tree: the initializer `blocks.0.qkv` is `params.blocks[0].qkv`. */
  readonly params: NamedTree;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Version of ONNX's operator set that the file uses. */
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The outputs, in order, for `inputs`, in order. Pure and differentiable, so it may be compiled, traced and
   * differentiated. Inputs that decide shapes or branches must be `constant(...)`.
   * @throws TreeError, ShapeError for params of another form; DtypeError, ShapeError for inputs; CompileError naming the
   *   node where the program would depend on values
   */
  readonly apply: (params: NamedTree, ...inputs: Tensor[]) => Tensor[];
  /** The same by names. */
  readonly call: (params: NamedTree, inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>;
}

/** Options of `importOnnx`. */
export interface ImportOptions {
  /** Names the file in errors. Default "importOnnx". */
  where?: string;
  /**
   * Whether a tensor of the file is a parameter. Default: floats of rank ≥ 1 that no operator takes as a setting (scales
   * of a resize, bounds of a clip, running statistics of a batch normalisation …).
   */
  isParam?: (name: string, shape: Shape, dtype: DType) => boolean;
}

const OPSETS = [7, 28] as const;

/**
 * Reads an ONNX file as a differentiable function.
 * @param bytes the file, tensors inside; opset 13 to 21 (7 to 28 where an operator means the same)
 * @returns the function, its params tree and its inputs and outputs
 * @throws FormatError naming the offset, tensor or node that is damaged; CompileError listing all operators that are not
 *   supported
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): OnnxModel {
  return openOnnx(bytes, options).model;
}

/** An imported model with what the file says of it. @internal */
export interface OpenedModel {
  readonly model: OnnxModel;
  /** Names of its parameters in the file, in the order of the tree's leaves. */
  readonly names: readonly string[];
  /** Its function, with an observer of its nodes. */
  readonly observed: (inputs: readonly Tensor[], observe: Observer) => Tensor[];
}

/** `importOnnx` with the file's names and nodes. @internal */
export function openOnnx(bytes: Uint8Array, options: ImportOptions = {}): OpenedModel {
  checkOptions("importOnnx", options, ["where", "isParam"]);
  const { where = "importOnnx", isParam = (_, shape, dtype) => isFloat(dtype) && shape.length > 0 } = options;
  const file = parseModel(bytes, where);
  refuse(file, where);
  const [inputs, outputs] = [file.graph.inputs, file.graph.outputs].map((list) =>
    list.map((v) => valueOf(v, where)),
  );
  const files = new Map([...weightsOf(file.graph)].filter(([name, t]) => isParam(name, t.shape, t.dtype)));
  const params = treeFromNames(
    [...files].map(([name, { data, dtype, shape }]) => [name, tensor(data, { dtype, shape })] as const),
  );
  // The same tree with the names at its leaves gives their order.
  const names = flattenTree(
    treeFromNames([...files.keys()].map((name) => [name, () => name] as const)),
  ).leaves.map((leaf) => (leaf as () => string)());
  const constants: Walk["constants"] = new Map();
  const walk = (given: NamedTree, args: readonly Tensor[], observe?: Observer): Tensor[] => {
    checkTree(`${where}: params`, params, given);
    checkInputs(where, inputs!, args);
    const leaves = tensorLeaves(where, given).leaves;
    const parameters = new Map(leaves.map((t, i) => [files.get(names[i]!)!, t]));
    return walkModel({ model: file, parameters, constants, where, ...(observe && { observe }) }, args);
  };
  const apply = (given: NamedTree, ...args: Tensor[]): Tensor[] => walk(given, args);
  const model: OnnxModel = {
    params,
    inputs: inputs!,
    outputs: outputs!,
    opset: file.opsets.get("")!,
    producer: file.producer,
    metadata: file.metadata,
    apply,
    call(given, named) {
      const unknown = Object.keys(named).find((name) => !inputs!.some((v) => v.name === name));
      if (unknown !== undefined) {
        throw new TreeError({ where, want: `inputs ${inputs!.map((v) => v.name).join(", ")}`, got: unknown });
      }
      const results = apply(given, ...inputs!.map((v) => named[v.name]!));
      return Object.fromEntries(results.map((t, i) => [outputs![i]!.name, t]));
    },
  };
  return { model, names, observed: (args, observe) => walk(params, args, observe) };
}

function refuse(model: FileModel, where: string): void {
  const list = unsupported(model);
  if (list.length > 0) {
    const types = [...new Set(list.map((n) => n.type))];
    const lines = types.map((type) => {
      const names = list.filter((n) => n.type === type).map((n) => `"${n.name}"`);
      const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
      return `${type} (${names.slice(0, 5).join(", ")}${more})`;
    });
    throw new CompileError({ where, want: "supported operators", got: lines.join(", ") });
  }
  const opset = model.opsets.get("") ?? 0;
  if (opset < OPSETS[0] || opset > OPSETS[1]) {
    throw new CompileError({ where, want: `opset ${OPSETS[0]} to ${OPSETS[1]}`, got: String(opset) });
  }
}

function valueOf(value: FileValue, where: string): OnnxValue {
  const dtype = value.type === undefined ? undefined : heldAs(value.type);
  if (!dtype)
    throw new CompileError({
      where: `${where}: "${value.name}"`,
      want: "a tensor of numbers",
      got: typeName(value.type),
    });
  return { name: value.name, dtype, shape: value.shape };
}

function checkInputs(where: string, wanted: readonly OnnxValue[], args: readonly Tensor[]): void {
  if (args.length !== wanted.length) {
    throw new ShapeError({
      where,
      want: `${wanted.length} inputs: ${wanted.map((v) => v.name).join(", ")}`,
      got: String(args.length),
    });
  }
  wanted.forEach(({ name, dtype, shape }, i) => {
    const t = args[i];
    const place = `${where}: input "${name}"`;
    if (!(t instanceof Tensor)) throw new TreeError({ where: place, want: "a Tensor", got: typeof t });
    if (t.dtype !== dtype) throw new DtypeError({ where: place, want: dtype, got: t.dtype });
    const fits =
      !shape || (shape.length === t.rank && shape.every((d, k) => typeof d === "string" || d === t.shape[k]));
    if (!fits) throw new ShapeError({ where: place, want: `[${shape.join(", ")}]`, got: showShape(t.shape) });
  });
}

/** Tensors that may be weights by name: initializers, and the values of Constant nodes, of all graphs. */
function weightsOf(graph: FileGraph): Map<string, FileTensor> {
  const found = new Map<string, FileTensor>();
  const settings = new Set<string>();
  const note = (name: string, file: FileTensor): void => {
    let free = name;
    for (let i = 1; found.has(free); i++) free = `${name}_${i}`;
    found.set(free, file);
  };
  const visit = (g: FileGraph): void => {
    for (const [name, file] of g.initializers) note(name, file);
    for (const node of g.nodes) {
      for (const place of constantInputs[node.type] ?? []) settings.add(node.inputs[place] ?? "");
      const value = node.attributes.get("value");
      const isTensor = typeof value === "object" && "data" in value;
      if (node.type === "Constant" && isTensor && value.data.length > 1) note(node.outputs[0]!, value);
      for (const a of node.attributes.values()) if (typeof a === "object" && "nodes" in a) visit(a);
    }
  };
  visit(graph);
  for (const name of settings) found.delete(name);
  return found;
}
