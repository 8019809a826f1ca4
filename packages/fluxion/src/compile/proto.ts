import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttrType,
  AttributeProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { dtypes, type DType, type TypedArray } from "../core/dtypes.js";
import type { Shape } from "../core/shape.js";

/** The bytes of an array, copied. */
export const rawBytes = (data: TypedArray): Uint8Array<ArrayBuffer> =>
  new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);

/** A tensor as ONNX stores it. */
export const tensorProto = (name: string, data: TypedArray, dtype: DType, shape: Shape): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType: dtypes[dtype].onnx,
    dims: shape.map((d) => BigInt(d)),
    rawData: rawBytes(data),
  });

/** Name, dtype and static shape of a value. */
export const valueInfo = (name: string, dtype: DType, shape: Shape): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, {
          elemType: dtypes[dtype].onnx,
          shape: create(TensorShapeProtoSchema, {
            dim: shape.map((d) =>
              create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(d) } }),
            ),
          }),
        }),
      },
    }),
  });

/** An attribute of the type its value has: number, string, list of either, or sub-graph. */
export function attributeProto(name: string, value: unknown): AttributeProto {
  const base = { name };
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      ...base,
      type: AttrType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value === "number") {
    // alpha, epsilon and the like are floats in ONNX whatever their value.
    if (!Number.isInteger(value) || floatAttributes.has(name))
      return create(AttributeProtoSchema, { ...base, type: AttrType.FLOAT, f: value });
    return create(AttributeProtoSchema, { ...base, type: AttrType.INT, i: BigInt(value) });
  }
  if (Array.isArray(value)) {
    if (value.some((v) => typeof v === "string")) {
      const encoder = new TextEncoder();
      return create(AttributeProtoSchema, {
        ...base,
        type: AttrType.STRINGS,
        strings: value.map((v) => encoder.encode(v as string)),
      });
    }
    return create(AttributeProtoSchema, {
      ...base,
      type: AttrType.INTS,
      ints: value.map((v) => BigInt(v as number)),
    });
  }
  return create(AttributeProtoSchema, { ...base, type: AttrType.GRAPH, g: value as GraphProto });
}

const floatAttributes = new Set([
  "alpha",
  "beta",
  "gamma",
  "epsilon",
  "value_float",
  "bias",
  "lambd",
  "cubic_coeff_a",
  "extrapolation_value",
]);
