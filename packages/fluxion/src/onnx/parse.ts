import { create, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  AttributeProto_AttributeType as AttrType,
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type ValueInfoProto,
} from "onnx-buf";
import { CompileError, FormatError } from "../core/errors.js";
import { readTensor, typeNames, type FileTensor } from "./read-tensor.js";

/** An attribute's value; inside a function it may stand for one of the function's own. */
export type FileAttribute =
  number | string | readonly number[] | readonly string[] | FileTensor | FileGraph | { readonly ref: string };

/** One operator of a file. */
export interface FileNode {
  readonly name: string;
  /** `Conv`, or with its domain `com.microsoft.FusedMatMul`. */
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, FileAttribute>;
}

/** An input or output; sizes that are not fixed have a name, or "?". */
export interface FileValue {
  readonly name: string;
  /** Number of the element type in ONNX; undefined if it is no tensor. */
  readonly type: number | undefined;
  readonly shape: readonly (number | string)[] | undefined;
}

/** A graph of a file; nodes are in an order in which they can be computed. */
export interface FileGraph {
  readonly name: string;
  readonly nodes: readonly FileNode[];
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
  readonly initializers: ReadonlyMap<string, FileTensor>;
}

/** An operator that the file itself defines by others. */
export interface FileFunction {
  readonly graph: FileGraph;
  readonly opsets: ReadonlyMap<string, number>;
  readonly defaults: ReadonlyMap<string, FileAttribute>;
}

/** A whole model. */
export interface FileModel {
  readonly graph: FileGraph;
  readonly functions: ReadonlyMap<string, FileFunction>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly producer: string;
}

const domainOf = (domain: string): string => (domain === "ai.onnx" ? "" : domain);
const typeOf = (domain: string, name: string): string =>
  domainOf(domain) === "" ? name : `${domain}.${name}`;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/**
 * Reads an ONNX file and checks that it is whole: tensors as long as their shapes say, every value defined before it is
 * used and only once.
 * @throws FormatError naming the offset, tensor or node; CompileError for element types without a dtype
 */
export function parseModel(bytes: Uint8Array, where: string): FileModel {
  let model: ModelProto;
  try {
    // A plain view: `slice` of a Node Buffer, and so of its tensors, would not copy.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    model = fromBinary(ModelProtoSchema, plain, { readUnknownFields: false });
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError({
      where: `${where} (offset ${faultOffset(bytes)})`,
      want: "an ONNX model",
      got,
      cause,
    });
  }
  if (!model.graph)
    throw new FormatError({ where, want: "a model with a graph", got: `${bytes.length} bytes without one` });
  const opsets = opsetsOf(model.opsetImport);
  if (opsets.size === 0)
    throw new FormatError({ where, want: "the version of ONNX's operator set", got: "none" });
  return {
    opsets,
    graph: readGraph(model.graph, where, nothing),
    functions: new Map(model.functions.map((f) => [typeOf(f.domain, f.name), readFunction(f, where)])),
    metadata: Object.fromEntries(model.metadataProps.map((p) => [p.key, p.value])),
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
  };
}

/** Where the message stops making sense, to the field of the model or graph that is broken. */
function faultOffset(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  const graphField = 7;
  const walk = (end: number, depth: number): number | undefined => {
    while (reader.pos < end) {
      const start = reader.pos;
      try {
        const [field, wire] = reader.tag();
        if (depth === 0 && field === graphField) {
          const fault = walk(reader.uint32() + reader.pos, 1);
          if (fault !== undefined) return fault;
        } else reader.skip(wire, field);
      } catch {
        return start;
      }
    }
    return undefined;
  };
  return walk(bytes.length, 0) ?? 0;
}

const opsetsOf = (list: readonly { domain: string; version: bigint }[]): Map<string, number> =>
  new Map(list.map((o) => [domainOf(o.domain), Number(o.version)]));

/** Whether a name is defined. */
type Scope = (name: string) => boolean;
const nothing: Scope = () => false;

/** @param outer names that the graph sees from around it */
function readGraph(proto: GraphProto, where: string, outer: Scope): FileGraph {
  if (proto.sparseInitializer.length > 0) {
    throw new FormatError({ where, want: "dense tensors", got: "a sparse initializer" });
  }
  const own = new Set<string>();
  const define = (name: string, what: string): void => {
    if (own.has(name))
      throw new FormatError({ where, want: "values defined once", got: `"${name}" again, as ${what}` });
    own.add(name);
  };
  const initializers = new Map<string, FileTensor>();
  for (const tensor of proto.initializer) {
    define(tensor.name, "initializer");
    initializers.set(tensor.name, readTensor(tensor, where));
  }
  // An initializer listed among the inputs is a default value; here it is simply the value.
  const inputs = proto.input.filter((info) => !initializers.has(info.name)).map(readValue);
  for (const { name } of inputs) define(name, "input");
  const seen = (name: string): boolean => name === "" || own.has(name) || outer(name);
  const nodes = proto.node.map((node) => {
    const read = readNode(node, where, seen);
    const missing = read.inputs.find((name) => !seen(name));
    if (missing !== undefined) {
      throw new FormatError({
        where: `${where}: ${nodeName(read)}`,
        want: "inputs defined before",
        got: `"${missing}"`,
      });
    }
    for (const name of read.outputs) if (name !== "") define(name, `output of ${nodeName(read)}`);
    return read;
  });
  const outputs = proto.output.map(readValue);
  const absent = outputs.find(({ name }) => !seen(name));
  if (absent) throw new FormatError({ where, want: `a value for the output "${absent.name}"`, got: "none" });
  return { name: proto.name, nodes, inputs, outputs, initializers };
}

/** A node as errors name it. */
export const nodeName = (node: Pick<FileNode, "type" | "name" | "outputs">): string =>
  `${node.type} "${node.name === "" ? (node.outputs[0] ?? "") : node.name}"`;

function readNode(proto: NodeProto, where: string, scope: Scope): FileNode {
  const type = typeOf(proto.domain, proto.opType);
  if (proto.opType === "")
    throw new FormatError({ where, want: "a type for every node", got: `none for "${proto.name}"` });
  const place = `${where}: ${type} "${proto.name}"`;
  return {
    name: proto.name,
    type,
    inputs: proto.input,
    outputs: proto.output,
    attributes: new Map(proto.attribute.map((a) => [a.name, readAttribute(a, place, scope)])),
  };
}

function readAttribute(a: AttributeProto, where: string, scope: Scope): FileAttribute {
  if (a.refAttrName !== "") return { ref: a.refAttrName };
  const place = `${where}: attribute ${a.name}`;
  switch (a.type) {
    case AttrType.FLOAT:
      return a.f;
    case AttrType.INT:
      return Number(a.i);
    case AttrType.STRING:
      return text(a.s);
    case AttrType.FLOATS:
      return a.floats;
    case AttrType.INTS:
      return a.ints.map(Number);
    case AttrType.STRINGS:
      return a.strings.map(text);
    case AttrType.TENSOR:
      if (a.t) return readTensor(a.t, place);
      break;
    case AttrType.GRAPH:
      if (a.g) return readGraph(a.g, place, scope);
      break;
    case AttrType.UNDEFINED:
      break;
    default:
      throw new CompileError({
        where: place,
        want: "numbers, text, a tensor or a graph",
        got: AttrType[a.type],
      });
  }
  throw new FormatError({ where: place, want: "a value of its type", got: "none" });
}

function readValue(info: ValueInfoProto): FileValue {
  const type = info.type?.value;
  if (type?.case !== "tensorType") return { name: info.name, type: undefined, shape: undefined };
  const shape = type.value.shape?.dim.map(({ value }) => {
    if (value.case === "dimParam") return value.value === "" ? "?" : value.value;
    return value.case === "dimValue" && value.value >= 0n ? Number(value.value) : "?";
  });
  return { name: info.name, type: type.value.elemType, shape };
}

function readFunction(proto: FunctionProto, where: string): FileFunction {
  const place = `${where}: function ${typeOf(proto.domain, proto.name)}`;
  const info = (name: string): ValueInfoProto => create(ValueInfoProtoSchema, { name });
  const { node } = proto;
  const body = create(GraphProtoSchema, {
    name: proto.name,
    node,
    input: proto.input.map(info),
    output: proto.output.map(info),
  });
  return {
    graph: readGraph(body, place, nothing),
    opsets: opsetsOf(proto.opsetImport),
    defaults: new Map(proto.attributeProto.map((a) => [a.name, readAttribute(a, place, nothing)])),
  };
}

/** The type that messages give for an element type's number. */
export const typeName = (code: number | undefined): string =>
  code === undefined ? "no tensor" : (typeNames[code] ?? `type ${code}`);
