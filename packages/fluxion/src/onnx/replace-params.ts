import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type GraphProto, type TensorProto } from "onnx-buf";
import { rawBytes } from "../compile/proto.js";
import { checkOptions, CompileError } from "../core/errors.js";
import { checkTree, tensorLeaves } from "../core/tree.js";
import { evaluate } from "../compile/evaluate.js";
import { openOnnx, type ImportOptions } from "./import.js";
import type { NamedTree } from "./names.js";
import { typeNames } from "./read-tensor.js";

/**
 * An ONNX file with other values in its parameters: graph, names, free sizes and metadata stay as they are. So a model
 * that was imported and tuned goes back to where it came from.
 * @param bytes the file
 * @param params of the tree, shapes and dtypes that `importOnnx` gives for it, with the same options
 * @returns the bytes of the new file
 * @throws TreeError, ShapeError for params of another form; what `importOnnx` throws
 */
export async function replaceParams(
  bytes: Uint8Array,
  params: NamedTree,
  options: ImportOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions("replaceParams", options, ["where", "isParam"]);
  const { where = "replaceParams" } = options;
  const { model, names } = openOnnx(bytes, { ...options, where });
  checkTree(`${where}: params`, model.params, params);
  const { leaves } = tensorLeaves(where, params);
  await evaluate(leaves);
  // A plain view: `slice` of a Node Buffer would not copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const file = fromBinary(ModelProtoSchema, plain);
  const tensors = weightsByName(file.graph!);
  for (const [i, name] of names.entries()) {
    const tensor = tensors.get(name)!;
    const data = await leaves[i]!.data();
    const type = typeNames[tensor.dataType] ?? "";
    if (type !== leaves[i]!.dtype && type !== "bfloat16") {
      throw new CompileError({ where: `${where}: "${name}"`, want: leaves[i]!.dtype, got: type });
    }
    tensor.rawData = type === "bfloat16" ? halved(data as Float32Array) : rawBytes(data);
    [tensor.floatData, tensor.doubleData, tensor.int32Data] = [[], [], []];
  }
  return toBinary(ModelProtoSchema, file);
}

/** The tensors of a file that may be parameters, by the names that `importOnnx` gives them, in the same order. */
function weightsByName(graph: GraphProto): Map<string, TensorProto> {
  const found = new Map<string, TensorProto>();
  const note = (name: string, tensor: TensorProto): void => {
    let free = name;
    for (let i = 1; found.has(free); i++) free = `${name}_${i}`;
    found.set(free, tensor);
  };
  const visit = (g: GraphProto): void => {
    for (const tensor of g.initializer) note(tensor.name, tensor);
    for (const node of g.node) {
      const value = node.attribute.find((a) => a.name === "value")?.t;
      const size = value?.dims.reduce((a, b) => a * Number(b), 1) ?? 0;
      if (node.opType === "Constant" && size > 1) note(node.output[0]!, value!);
      for (const a of node.attribute) if (a.g) visit(a.g);
    }
  };
  visit(graph);
  return found;
}

/** Floats as bfloat16, rounded to the nearest. */
function halved(data: Float32Array): Uint8Array<ArrayBuffer> {
  const bits = new Uint32Array(data.slice().buffer);
  return rawBytes(Uint16Array.from(bits, (b) => (b + 0x7fff + ((b >> 16) & 1)) >>> 16));
}
