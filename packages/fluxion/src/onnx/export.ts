import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema, type GraphProto, type ModelProto } from "onnx-buf";
import { emitModel } from "../compile/emit.js";
import { tensorProto } from "../compile/proto.js";
import { evaluate } from "../compile/evaluate.js";
import { simplify } from "../compile/simplify.js";
import { checkOptions, CompileError, OptionError } from "../core/errors.js";
import { collect } from "../core/node.js";
import type { Tensor } from "../core/tensor.js";
import { flattenTree } from "../core/tree.js";
import { batchTraces, type DynamicBatch } from "./batch-traces.js";
import { generalize } from "./generalize.js";
import { namedLeaves } from "./names.js";
import { lowerOpset } from "./opset.js";
import { standardOperators } from "./portable.js";
import { rename } from "./proto.js";
import { closedOver, traceFor, type Subject, type Trace } from "./trace.js";

/** Options of `exportOnnx`. */
export interface ExportOptions {
  /** A tree handed to `fn` as its first argument; its leaves become initializers named by path. */
  params?: unknown;
  /**
   * Whether the first axis of every input (of rank ≥ 1) may have any size, the same for all: `true`, or which axes.
   * Default false: the examples' shapes.
   */
  dynamicBatch?: boolean | DynamicBatch;
  /** Names of the inputs, in the order of the arguments (keys of objects sorted). Default: their tree paths. */
  inputNames?: readonly string[];
  /** Names of the outputs. Default: their tree paths. */
  outputNames?: readonly string[];
  /** Only standard operators, none of ONNX Runtime's own: larger graphs that other runtimes read. Default false. */
  portable?: boolean;
  /** Operator set, 18 to 21. Default 21. */
  opset?: number;
  /** Free text by key. */
  metadata?: Readonly<Record<string, string>>;
}

const known = ["params", "dynamicBatch", "inputNames", "outputNames", "portable", "opset", "metadata"];

/**
 * A function as an ONNX file that plain ONNX Runtime runs with the same outputs.
 * @param fn pure function of trees, giving a tree of Tensors; Tensors with values that it closes over become initializers
 * @param examples its arguments (without `params`): the shapes and dtypes of the inputs; leaves that are not Tensors are
 *   static
 * @returns the bytes of the model
 * @throws CompileError for host operators, which no file can hold; or, with `dynamicBatch`, naming what depends on the
 *   batch size in a way that cannot be written; OptionError for names that are not one each
 */
export async function exportOnnx(
  fn: (...args: never[]) => unknown,
  examples: readonly unknown[],
  options: ExportOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions("exportOnnx", options, known);
  const { dynamicBatch = false, metadata = {}, opset = 21 } = options;
  const subject: Subject = { fn, examples, params: options.params };
  const first = traceFor("exportOnnx", subject, (t) => t.shape);
  const inputNames = checkNames("inputNames", options.inputNames, first.inputNames);
  const outputNames = checkNames("outputNames", options.outputNames, first.outputNames);
  const plan = dynamicBatch === false ? undefined : batchTraces(subject, first, inputNames, dynamicBatch);
  const traces = plan ? plan.traces : [first];
  const written = [];
  for (const trace of traces) written.push(await write(trace, options.portable ?? false));
  const { model, fed } = written[0]!;
  if (plan) {
    generalize(
      written.map((w) => w.model.graph!),
      plan,
    );
  }
  const weights = await weightsOf(options.params, fed, new Set([...inputNames, ...outputNames]));
  const graph = model.graph!;
  const names = new Map(inputNames.map((name, i) => [`in${i}`, name]));
  outputNames.forEach((name, i) => names.set(`out${i}`, name));
  weights.forEach(({ name }, i) => names.set(`in${inputNames.length + i}`, name));
  rename(graph, names);
  graph.input.splice(inputNames.length);
  for (const { name, value } of weights) {
    graph.initializer.push(tensorProto(name, await value.data(), value.dtype, value.shape));
  }
  lowerOpset(model, opset);
  model.metadataProps = Object.entries(metadata).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return toBinary(ModelProtoSchema, model);
}

function checkNames(
  option: string,
  given: readonly string[] | undefined,
  byPath: readonly string[],
): readonly string[] {
  const names = given ?? byPath;
  if (names.length !== byPath.length || new Set(names).size !== names.length || names.includes("")) {
    throw new OptionError({
      where: `exportOnnx: ${option}`,
      want: `${byPath.length} distinct names, for ${byPath.join(", ")}`,
      got: names.join(", "),
    });
  }
  return names;
}

/** The model of a trace; its inputs are the trace's inputs, its params, and the values it closes over (`fed`). */
async function write(trace: Trace, portable: boolean): Promise<{ model: ModelProto; fed: Tensor[] }> {
  await evaluate(closedOver(trace));
  const sources = [...trace.inputs, ...trace.params];
  let results = simplify(trace.results, sources);
  if (portable) results = standardOperators(results, sources);
  refuseHostOperators(results, sources);
  const fed = collect(results, new Set(sources)).flatMap((n) => (n.op.name === "Data" ? n.outputs : []));
  const model = fromBinary(ModelProtoSchema, emitModel(results, [...sources, ...fed]).bytes);
  declareDomains(model, portable);
  return { model, fed };
}

function refuseHostOperators(results: readonly Tensor[], params: readonly Tensor[]): void {
  for (const { op, attrs } of collect(results, new Set(params))) {
    if (op.host) {
      throw new CompileError({
        where: "exportOnnx",
        want: "operators that ONNX has",
        got: `the host operator ${op.name}`,
        hint: "compute it outside and pass the result in",
      });
    }
    for (const graph of Object.values(attrs)) {
      if (typeof graph === "object" && "results" in graph) refuseHostOperators(graph.results, graph.params);
    }
  }
}

/** Declares only the domains in use. @throws CompileError if `portable` and there are others than ONNX's own */
function declareDomains(model: ModelProto, portable: boolean): void {
  const others = new Map<string, string>();
  const visit = (graph: GraphProto): void => {
    for (const node of graph.node) {
      if (node.domain !== "") others.set(node.domain, node.opType);
      for (const a of node.attribute) if (a.g) visit(a.g);
    }
  };
  visit(model.graph!);
  if (portable && others.size > 0) {
    const list = [...others].map(([domain, type]) => `${domain}.${type}`).join(", ");
    throw new CompileError({ where: "exportOnnx: portable", want: "standard operators", got: list });
  }
  model.opsetImport = model.opsetImport.filter((o) => o.domain === "" || others.has(o.domain));
}

/** The values of the inputs that follow the function's own, with distinct names. */
async function weightsOf(
  params: unknown,
  fed: readonly Tensor[],
  taken: Set<string>,
): Promise<{ name: string; value: Tensor }[]> {
  const named = params === undefined ? [] : [...namedLeaves("exportOnnx: params", params)];
  await evaluate(flattenTree(params).leaves);
  const distinct = (wish: string): string => {
    let name = wish;
    for (let i = 1; taken.has(name); i++) name = `${wish}_${i}`;
    taken.add(name);
    return name;
  };
  return [
    ...named.map(([name, value]) => ({ name: distinct(name), value })),
    ...fed.map((value, i) => ({ name: distinct(`constant${i}`), value })),
  ];
}
