// ONNX files for tests, written field by field.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttrType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";

const attribute = (name: string, value: number | number[] | string | GraphProto): AttributeProto => {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttrType.INT, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: AttrType.STRING, s: new TextEncoder().encode(value) });
  if (Array.isArray(value))
    return create(AttributeProtoSchema, { name, type: AttrType.INTS, ints: value.map(BigInt) });
  return create(AttributeProtoSchema, { name, type: AttrType.GRAPH, g: value });
};

/** A node, named by its type and first output. */
export const node = (
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, number | number[] | string | GraphProto> = {},
  domain = "",
): NodeProto =>
  create(NodeProtoSchema, {
    name: `${opType}_${output[0]!}`,
    opType,
    domain,
    input,
    output,
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });

/** A float32 tensor. */
export const floats = (name: string, values: number[], dims = [values.length]): TensorProto =>
  create(TensorProtoSchema, { name, dataType: 1, dims: dims.map(BigInt), floatData: values });
/** An int64 tensor. */
export const ints = (name: string, values: number[], dims = [values.length]): TensorProto =>
  create(TensorProtoSchema, { name, dataType: 7, dims: dims.map(BigInt), int64Data: values.map(BigInt) });

/** An input or output; sizes that are text are free. */
export const info = (name: string, dims: readonly (number | string)[], elemType = 1): ValueInfoProto => {
  const dim = dims.map((d) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof d === "string" ? { case: "dimParam", value: d } : { case: "dimValue", value: BigInt(d) },
    }),
  );
  const value = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value } }),
  });
};

/** A graph. */
export const graph = (
  nodes: NodeProto[],
  input: ValueInfoProto[],
  output: ValueInfoProto[],
  initializer: TensorProto[] = [],
): GraphProto => create(GraphProtoSchema, { name: "g", node: nodes, input, output, initializer });

/** The bytes of a model. */
export const model = (g: GraphProto | undefined, functions: FunctionProto[] = [], opset = 17): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      ...(g ? { graph: g } : {}),
      functions,
      opsetImport: [create(OperatorSetIdProtoSchema, { version: BigInt(opset) })],
    }),
  );
