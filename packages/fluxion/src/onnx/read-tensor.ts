import { TensorProto_DataLocation, type TensorProto } from "onnx-buf";
import { dtypeFromOnnx, dtypes, encode, type DType, type TypedArray } from "../core/dtypes.js";
import { CompileError, FormatError } from "../core/errors.js";
import { sizeOf, type Shape } from "../core/shape.js";

/** A tensor of a file, its elements in a dtype of Fluxion's. */
export interface FileTensor {
  readonly name: string;
  readonly dtype: DType;
  /** Name of the type in the file, where it was another one. */
  readonly declared: string;
  readonly shape: Shape;
  readonly data: TypedArray;
}

const MAX_RANK = 64;

/** Names of ONNX's element types, by number. */
export const typeNames = [
  ..."undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64".split(
    " ",
  ),
  ..."complex64 complex128 bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4".split(
    " ",
  ),
  ..."float4e2m1 float8e8m0 uint2 int2".split(" "),
];

/** Types that Fluxion has no dtype for and reads into the next wider one. */
const widened: Readonly<Record<string, DType>> = {
  ...{ int8: "int32", int16: "int32", uint16: "int32", uint64: "int64", bfloat16: "float32" },
  ...{ int4: "int32", uint4: "int32", int2: "int32", uint2: "int32" },
};

/** The dtype in which values of an ONNX element type are held, or undefined if there is none. */
export const heldAs = (code: number): DType | undefined =>
  dtypeFromOnnx(code) ?? widened[typeNames[code] ?? ""];

const rawReaders: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => TypedArray>> = {
  int8: ({ buffer }) => Int32Array.from(new Int8Array(buffer)),
  int16: ({ buffer }) => Int32Array.from(new Int16Array(buffer)),
  uint16: ({ buffer }) => Int32Array.from(new Uint16Array(buffer)),
  uint64: ({ buffer }) => new BigInt64Array(buffer),
  bfloat16: ({ buffer }) =>
    new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer),
  bool: (bytes) => bytes.map((b) => (b === 0 ? 0 : 1)),
};
const rawBytes: Readonly<Record<string, number>> = { int8: 1, int16: 2, uint16: 2, uint64: 8, bfloat16: 2 };

/** Bits of an element of the types of which a byte holds several, the first in the lowest bits. */
const packedBits: Readonly<Record<string, number>> = { int4: 4, uint4: 4, int2: 2, uint2: 2 };

function unpack(bytes: ArrayLike<number>, count: number, type: string): Int32Array {
  const bits = packedBits[type]!;
  const sign = type.startsWith("int") ? 1 << (bits - 1) : 0;
  return Int32Array.from({ length: count }, (_, i) => {
    const value = (bytes[Math.floor((i * bits) / 8)]! >> ((i * bits) % 8)) & ((1 << bits) - 1);
    return (value ^ sign) - sign;
  });
}

/**
 * Reads a tensor; its elements must be in the file and as many as its shape says.
 * @throws FormatError, CompileError for element types without a dtype
 */
export function readTensor(proto: TensorProto, where: string): FileTensor {
  const place = `${where}: tensor "${proto.name}"`;
  const fail = (want: string, got: string, hint?: string): FormatError =>
    new FormatError({ where: place, want, got, hint });
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL || proto.externalData.length > 0) {
    throw fail(
      "data inside the file",
      "a reference to another file",
      "save the model with its data embedded",
    );
  }
  if (proto.segment) throw fail("a whole tensor", "a segment");
  const declared = typeNames[proto.dataType] ?? `type ${proto.dataType}`;
  const dtype = heldAs(proto.dataType);
  if (!dtype)
    throw new CompileError({ where: place, want: `one of ${Object.keys(dtypes).join(", ")}`, got: declared });
  const shape = proto.dims.map(Number);
  if (shape.length > MAX_RANK || shape.some((d) => d < 0 || !Number.isSafeInteger(d))) {
    throw fail(`a shape of at most ${MAX_RANK} axes`, `[${shape.slice(0, MAX_RANK).join(", ")}]`);
  }
  const count = sizeOf(shape);
  const check = (got: number, unit: string, want = count): void => {
    if (got !== want) throw fail(`${want} ${unit} for shape [${shape.join(", ")}]`, String(got));
  };
  const done = (data: TypedArray): FileTensor => ({ name: proto.name, dtype, declared, shape, data });
  if (declared in packedBits) {
    const bytes = proto.rawData.length > 0 ? proto.rawData : proto.int32Data;
    check(bytes.length, "bytes", Math.ceil((count * packedBits[declared]!) / 8));
    return done(unpack(bytes, count, declared));
  }
  if (proto.rawData.length > 0) {
    check(proto.rawData.length, "bytes", count * (rawBytes[declared] ?? dtypes[dtype].bytes));
    const bytes = proto.rawData.slice();
    const read = rawReaders[declared];
    if (read) return done(read(bytes));
    const array = dtypes[dtype].array as unknown as new (buffer: ArrayBuffer) => TypedArray;
    return done(new array(bytes.buffer));
  }
  const values = fieldOf(proto, declared);
  check(values.length, "elements");
  // Half bits come as whole numbers.
  if (dtype === "float16") return done(Uint16Array.from(values as number[]));
  if (declared === "bfloat16") {
    return done(new Float32Array(Uint32Array.from(values as number[], (bits) => bits << 16).buffer));
  }
  if (declared === "uint64") return done(BigInt64Array.from(values as bigint[], (v) => BigInt.asIntN(64, v)));
  return done(encode(values, dtype));
}

/** The field of the message that holds elements of a type, when they are not raw bytes. */
function fieldOf(proto: TensorProto, declared: string): readonly (number | bigint)[] {
  switch (declared) {
    case "float32":
      return proto.floatData;
    case "float64":
      return proto.doubleData;
    case "int64":
      return proto.int64Data;
    case "uint32":
    case "uint64":
      return proto.uint64Data;
    default:
      return proto.int32Data;
  }
}
