import { DtypeError } from "./errors.js";

/** Element types, named as in NumPy. `float16` values are held as raw IEEE half bits in a `Uint16Array`. */
export type DType = "float32" | "float64" | "float16" | "int32" | "int64" | "uint32" | "uint8" | "bool";

/** Host storage of a tensor's elements, row-major. bool is one byte an element (0 or 1). */
export type TypedArray =
  Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint32Array | Uint8Array;

interface DTypeInfo {
  /** Number in the ONNX `TensorProto.DataType` enumeration. */
  onnx: number;
  bytes: number;
  kind: "bool" | "int" | "float";
  array: new (length: number) => TypedArray;
}

export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  float32: { onnx: 1, bytes: 4, kind: "float", array: Float32Array },
  float64: { onnx: 11, bytes: 8, kind: "float", array: Float64Array },
  float16: { onnx: 10, bytes: 2, kind: "float", array: Uint16Array },
  int32: { onnx: 6, bytes: 4, kind: "int", array: Int32Array },
  int64: { onnx: 7, bytes: 8, kind: "int", array: BigInt64Array },
  uint32: { onnx: 12, bytes: 4, kind: "int", array: Uint32Array },
  uint8: { onnx: 2, bytes: 1, kind: "int", array: Uint8Array },
  bool: { onnx: 9, bytes: 1, kind: "bool", array: Uint8Array },
};

export const isFloat = (dtype: DType): boolean => dtypes[dtype].kind === "float";
export const isInteger = (dtype: DType): boolean => dtypes[dtype].kind === "int";

/** The dtype with this number in ONNX, or undefined if Fluxion has none for it. */
export function dtypeFromOnnx(code: number): DType | undefined {
  return (Object.keys(dtypes) as DType[]).find((name) => dtypes[name].onnx === code);
}

/** `name` as a DType. @throws DtypeError if it is none */
export function asDType(name: string, where: string): DType {
  if (name in dtypes) return name as DType;
  throw new DtypeError({ where, want: `one of ${Object.keys(dtypes).join(", ")}`, got: name });
}

/**
 * The smallest dtype that holds values of both without silent loss of range or fraction:
 * bool < uint8 < uint32/int32 < int64 < float16 < float32 < float64 (uint32 with int32 gives int64).
 */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  const pair = [a, b];
  if (pair.includes("uint32") && pair.includes("int32")) return "int64";
  const order: DType[] = ["bool", "uint8", "uint32", "int32", "int64", "float16", "float32", "float64"];
  return order[Math.max(order.indexOf(a), order.indexOf(b))]!;
}

const halfScratch = new DataView(new ArrayBuffer(4));

/** The IEEE half bits nearest to `value` (round half to even; overflow gives infinity). */
export function toHalf(value: number): number {
  halfScratch.setFloat32(0, value);
  const bits = halfScratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent === 143) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200); // infinity, NaN
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent <= -11) return sign;
  const full = exponent > 0 ? mantissa : mantissa | 0x800000;
  const shift = exponent > 0 ? 13 : 14 - exponent;
  const kept = (exponent > 0 ? exponent << 10 : 0) + (full >>> shift);
  const rest = full & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** The number that IEEE half `bits` stand for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Numbers (or booleans, bigints) as the storage of `dtype`; integers wrap as in C. */
export function encode(values: ArrayLike<number | bigint | boolean>, dtype: DType): TypedArray {
  const n = values.length;
  const out = new dtypes[dtype].array(n);
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < n; i++) {
      const v = values[i]!;
      out[i] = typeof v === "bigint" ? v : BigInt(Math.trunc(Number(v)));
    }
  } else if (dtype === "float16") {
    for (let i = 0; i < n; i++) out[i] = toHalf(Number(values[i]));
  } else if (dtype === "bool") {
    for (let i = 0; i < n; i++) out[i] = Number(values[i]) !== 0 ? 1 : 0;
  } else {
    for (let i = 0; i < n; i++) out[i] = Number(values[i]);
  }
  return out;
}

/** Storage of `dtype` as JavaScript numbers; int64 beyond 2^53 is rounded. */
export function decode(data: TypedArray, dtype: DType): Float64Array {
  const out = new Float64Array(data.length);
  if (dtype === "float16") for (let i = 0; i < out.length; i++) out[i] = fromHalf(Number(data[i]));
  else for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
  return out;
}
