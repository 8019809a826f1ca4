import { CompileError, FluxionError, FormatError, type ErrorDetail } from "../core/errors.js";
import { constant, literalOf, tensor as fromData, type Tensor } from "../core/tensor.js";
import type { Call } from "./call.js";
import { fold } from "./fold.js";
import { translations } from "./operators/index.js";
import {
  nodeName,
  typeName,
  type FileAttribute,
  type FileGraph,
  type FileModel,
  type FileNode,
} from "./parse.js";
import type { FileTensor } from "./read-tensor.js";

/** Literals up to this many elements become part of the program; larger ones are fed to it. */
const MAX_LITERAL: Readonly<Record<"int" | "float", number>> = { int: 1024, float: 64 };

/** Element types that the file gives to tensors held in a wider dtype. */
const declaredTypes = new WeakMap<Tensor, string>();

/** What the walk through a graph needs besides the graph. */
export interface Walk {
  readonly model: FileModel;
  /** Values that stand in for tensors of the file: its parameters. */
  readonly parameters: ReadonlyMap<FileTensor, Tensor>;
  /** Tensors of the file that are no parameters, made once. */
  readonly constants: Map<FileTensor, Tensor>;
  readonly where: string;
  /** Sees every node of the main graph with its values. */
  readonly observe?: Observer;
}

/** What is told of a node that has been computed. */
export type Observer = (
  node: FileNode,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly (Tensor | undefined)[],
) => void;

/** Names of the values in sight, innermost graph first. */
interface Scope {
  readonly values: Map<string, Tensor>;
  readonly outer?: Scope | undefined;
}

const lookUp = (scope: Scope | undefined, name: string): Tensor | undefined =>
  scope && (scope.values.get(name) ?? lookUp(scope.outer, name));

/** The outputs of the model's graph for its inputs, in order. */
export function walkModel(walk: Walk, inputs: readonly Tensor[]): Tensor[] {
  const { graph, opsets } = walk.model;
  graph.inputs.forEach(({ type }, i) => {
    if (type !== undefined && inputs[i]) declaredTypes.set(inputs[i], typeName(type));
  });
  return walkGraph({ ...walk, opsets, depth: 0, budget: { nodes: MAX_NODES } }, graph, inputs, undefined);
}

interface Frame extends Walk {
  readonly opsets: ReadonlyMap<string, number>;
  /** Functions called around this graph. */
  readonly depth: number;
  /** How many nodes may still be computed. */
  readonly budget: { nodes: number };
  /** Attributes of the function that is being computed. */
  readonly given?: ReadonlyMap<string, FileAttribute>;
}

const MAX_DEPTH = 64;
/** Nodes of one trace: functions that call each other and loops within loops can stand for any number. */
const MAX_NODES = 200_000;

function walkGraph(
  frame: Frame,
  graph: FileGraph,
  inputs: readonly Tensor[],
  outer: Scope | undefined,
): Tensor[] {
  const scope: Scope = { values: new Map(), outer };
  graph.inputs.forEach(({ name }, i) => inputs[i] && scope.values.set(name, inputs[i]));
  for (const [name, file] of graph.initializers) scope.values.set(name, tensorOf(frame, file));
  const used = new Set([...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs.map((o) => o.name)]);
  for (const node of graph.nodes) {
    const nested = [...node.attributes.values()].some((a) => typeof a === "object" && "nodes" in a);
    // A sub-graph may use any name around it.
    if (nested)
      for (const a of node.attributes.values()) if (typeof a === "object" && "nodes" in a) noteFree(a, used);
  }
  for (const node of graph.nodes) {
    const results = walkNode(frame, node, scope, used);
    if (!outer && frame.depth === 0) {
      frame.observe?.(
        node,
        node.inputs.map((name) => lookUp(scope, name)),
        results,
      );
    }
    node.outputs.forEach((name, i) => {
      const t = results[i];
      if (name !== "" && t) scope.values.set(name, t);
    });
  }
  return graph.outputs.map(({ name }) => {
    const t = lookUp(scope, name);
    if (!t) throw new FormatError({ where: frame.where, want: `a value for "${name}"`, got: "none" });
    return t;
  });
}

/** Adds every name that a graph and its sub-graphs read. */
function noteFree(graph: FileGraph, names: Set<string>): void {
  for (const { name } of graph.outputs) names.add(name);
  for (const node of graph.nodes) {
    node.inputs.forEach((name) => names.add(name));
    for (const a of node.attributes.values()) if (typeof a === "object" && "nodes" in a) noteFree(a, names);
  }
}

/** A tensor of the file: a parameter, a literal, or data to be fed. */
function tensorOf(frame: Frame, file: FileTensor): Tensor {
  const parameter = frame.parameters.get(file);
  if (parameter) return parameter;
  let t = frame.constants.get(file);
  if (!t) {
    const limit = MAX_LITERAL[file.dtype.startsWith("float") ? "float" : "int"];
    t =
      file.data.length <= limit
        ? literal(file)
        : fromData(file.data, { dtype: file.dtype, shape: file.shape });
    frame.constants.set(file, t);
    declaredTypes.set(t, file.declared);
  }
  return t;
}

function literal({ data, dtype, shape }: FileTensor): Tensor {
  if (dtype !== "float16") return constant(data, dtype, shape);
  return fromData(data, { dtype, shape });
}

function walkNode(
  frame: Frame,
  node: FileNode,
  scope: Scope,
  used: ReadonlySet<string>,
): readonly (Tensor | undefined)[] {
  const where = `${frame.where}: ${nodeName(node)}`;
  if (--frame.budget.nodes < 0)
    throw new CompileError({ where, want: `at most ${MAX_NODES} nodes in a trace`, got: "more" });
  const inputs = node.inputs.map((name) => (name === "" ? undefined : lookUp(scope, name)));
  const missing = node.inputs.findIndex((name, i) => name !== "" && !inputs[i]);
  if (missing >= 0)
    throw new FormatError({ where, want: `a value for "${node.inputs[missing]!}"`, got: "none" });
  try {
    const own = resolve(frame, node.attributes);
    const body = frame.model.functions.get(node.type);
    if (body) {
      if (frame.depth >= MAX_DEPTH)
        throw new FormatError({ where, want: `functions nested at most ${MAX_DEPTH} deep`, got: "more" });
      const given = new Map([...body.defaults, ...own]);
      return walkGraph(
        { ...frame, opsets: body.opsets, depth: frame.depth + 1, given },
        body.graph,
        inputs as Tensor[],
        undefined,
      );
    }
    const translate = Object.hasOwn(translations, node.type) ? translations[node.type] : undefined;
    if (!translate) throw new CompileError({ where, got: "an operator that is not supported" });
    const call: Call = {
      type: node.type,
      opset: frame.opsets.get("") ?? 0,
      outputs: node.outputs.length,
      inputs,
      attributes: own,
      declared: (i) => (inputs[i] && declaredTypes.get(inputs[i])) ?? inputs[i]?.dtype ?? "",
      wants: (i) => (node.outputs[i] ?? "") !== "" && used.has(node.outputs[i]!),
      tensor: (file) => tensorOf(frame, file),
      captures: (graph) => capturesOf(graph, scope),
      run: (graph, args, bound = new Map()) =>
        walkGraph(frame, graph, args, { values: new Map(bound), outer: scope }),
    };
    const result = translate(call);
    const outputs = Array.isArray(result) ? (result as readonly (Tensor | undefined)[]) : [result as Tensor];
    // What depends on nothing but literals is computed now: shapes must be numbers while tracing.
    const read = node.type === "CastLike" ? inputs.slice(0, 1) : inputs;
    return read.every((t) => t === undefined || literalOf(t)) ? outputs.map((t) => t && fold(t)) : outputs;
  } catch (error) {
    throw explained(error, where, frame.where);
  }
}

/** The error with the node it happened in. */
function explained(error: unknown, where: string, file: string): unknown {
  if (!(error instanceof FluxionError)) {
    if (!(error instanceof TypeError || error instanceof RangeError)) return error;
    return new FormatError({
      where,
      want: "a node as its operator's definition says",
      got: error.message,
      cause: error,
    });
  }
  if (error.where.startsWith(file)) return error;
  const Same = error.constructor as new (detail: ErrorDetail) => FluxionError;
  const { want, got, hint } = error;
  return new Same({ where: `${where}: ${error.where}`, want, got, hint, cause: error });
}

/** Attributes with those of the function around them put in. */
function resolve(
  frame: Frame,
  attributes: ReadonlyMap<string, FileAttribute>,
): ReadonlyMap<string, FileAttribute> {
  if (![...attributes.values()].some((a) => typeof a === "object" && "ref" in a)) return attributes;
  const entries = [...attributes].flatMap(([name, value]): [string, FileAttribute][] => {
    if (typeof value !== "object" || !("ref" in value)) return [[name, value]];
    const given = frame.given?.get(value.ref);
    return given === undefined ? [] : [[name, given]];
  });
  return new Map(entries);
}

/** What a sub-graph reads of the values around it. */
function capturesOf(graph: FileGraph, scope: Scope): { names: string[]; values: Tensor[] } {
  const read = new Set<string>();
  noteFree(graph, read);
  const names = [...read].filter((name) => name !== "" && lookUp(scope, name));
  return { names, values: names.map((name) => lookUp(scope, name)!) };
}

/** The operators of a model, sub-graphs and used functions included, that have no translation: type and node. */
export function unsupported(model: FileModel): { type: string; name: string }[] {
  const found: { type: string; name: string }[] = [];
  const visited = new Set<string>();
  const visit = (graph: FileGraph): void => {
    for (const node of graph.nodes) {
      const body = model.functions.get(node.type);
      if (body) {
        if (!visited.has(node.type)) {
          visited.add(node.type);
          visit(body.graph);
        }
      } else if (!Object.hasOwn(translations, node.type)) found.push({ type: node.type, name: node.name });
      for (const a of node.attributes.values()) if (typeof a === "object" && "nodes" in a) visit(a);
    }
  };
  visit(model.graph);
  return found;
}
