import { FormatError } from "../core/errors.js";
import { type ArrayData, type ArrayStorage, elementCount, rowLength } from "./array-data.js";

interface NpyType {
  array: new (length: number) => ArrayStorage;
  read: (view: DataView, offset: number, little: boolean) => number;
}

const types: Readonly<Record<string, NpyType>> = {
  b1: { array: Uint8Array, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  u1: { array: Uint8Array, read: (view, at) => view.getUint8(at) },
  i1: { array: Int32Array, read: (view, at) => view.getInt8(at) },
  u2: { array: Int32Array, read: (view, at, little) => view.getUint16(at, little) },
  i2: { array: Int32Array, read: (view, at, little) => view.getInt16(at, little) },
  u4: { array: Int32Array, read: (view, at, little) => view.getUint32(at, little) },
  i4: { array: Int32Array, read: (view, at, little) => view.getInt32(at, little) },
  u8: { array: Int32Array, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  i8: { array: Int32Array, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  f2: { array: Float32Array, read: (view, at, little) => halfToNumber(view.getUint16(at, little)) },
  f4: { array: Float32Array, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { array: Float64Array, read: (view, at, little) => view.getFloat64(at, little) },
};

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const maxHeaderBytes = 1 << 16;
const maxAxes = 32;

/**
 * Reads a NumPy `.npy` file of version 1, 2 or 3: booleans, integers and floats of either byte order, in C or Fortran
 * order. bool gives uint8; other integers give int32, float16 gives float32.
 * @param bytes the file
 * @param where names the file in errors
 * @returns the array in row-major order
 * @throws FormatError with the offset of what is wrong, also for an integer that int32 cannot hold
 */
export function parseNpy(bytes: Uint8Array, where = "npy"): ArrayData {
  const fail = (offset: number, want: string, got: string, hint?: string) =>
    new FormatError({ where: `${where} (offset ${offset})`, want, got, hint });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) throw fail(0, "a .npy header of at least 12 bytes", `${bytes.length} bytes`);
  if (magic.some((byte, i) => bytes[i] !== byte)) throw fail(0, "the .npy signature", "other bytes");
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw fail(6, "version 1, 2 or 3", String(version));
  const textStart = version === 1 ? 10 : 12;
  const textLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = textStart + textLength;
  if (textLength > maxHeaderBytes || start > bytes.length) {
    throw fail(8, `a header within the file and of at most ${maxHeaderBytes} bytes`, `${textLength} bytes`);
  }
  const text = new TextDecoder().decode(bytes.subarray(textStart, start));
  const header = parseHeader(text);
  if (header === undefined) {
    throw fail(textStart, "{'descr': '<f4', 'fortran_order': ..., 'shape': (...)}", text.slice(0, 80).trim());
  }
  const { order, kind, fortran, shape } = header;
  const type = types[kind];
  if (type === undefined || shape.length > maxAxes) {
    throw fail(
      textStart,
      `one of ${Object.keys(types).join(", ")} in at most ${maxAxes} axes`,
      `${kind} in ${shape.length}`,
    );
  }
  const size = Number(kind.slice(1));
  const count = elementCount(shape);
  // Compared before anything is allocated: the file itself bounds the memory.
  if (count * size !== bytes.length - start) {
    throw fail(start, `${count * size} bytes for shape [${shape.join(", ")}]`, `${bytes.length - start}`);
  }
  const data = new type.array(count);
  for (let i = 0; i < count; i++) {
    const value = type.read(view, start + i * size, order !== ">");
    if (data instanceof Int32Array && (value | 0) !== value) {
      throw fail(start + i * size, "an integer within int32", String(value), "save as int32 or float64");
    }
    data[i] = value;
  }
  return { data: fortran ? toRowMajor(data, shape) : data, shape };
}

/**
 * Writes an array as `.npy` version 1 (`|u1`, `<i4`, `<f4` or `<f8`, C order).
 * @throws ShapeError if the data do not fill the shape
 */
export function encodeNpy(array: ArrayData): Uint8Array {
  const { data, shape } = array;
  if (shape.length > 0 || data.length !== 1) rowLength("data.encodeNpy", array);
  const descr =
    data instanceof Uint8Array
      ? "|u1"
      : data instanceof Int32Array
        ? "<i4"
        : data instanceof Float32Array
          ? "<f4"
          : "<f8";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // NumPy aligns the elements to 64 bytes and ends the header with a newline.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength).fill(0x20, 10, start);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  bytes[6] = 1;
  view.setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[start - 1] = 0x0a;
  if (data instanceof Uint8Array) bytes.set(data, start);
  else if (data instanceof Int32Array) data.forEach((value, i) => view.setInt32(start + 4 * i, value, true));
  else if (data instanceof Float32Array)
    data.forEach((value, i) => view.setFloat32(start + 4 * i, value, true));
  else data.forEach((value, i) => view.setFloat64(start + 8 * i, value, true));
  return bytes;
}

interface NpyHeader {
  order: string;
  kind: string;
  fortran: boolean;
  shape: number[];
}

/** The three entries of the header, in any order; undefined for anything else, structured types included. */
function parseHeader(text: string): NpyHeader | undefined {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  const descr = /'descr':\s*'([<>|=])([a-z]\d)'/.exec(body ?? "");
  const order = /'fortran_order':\s*(True|False)/.exec(body ?? "");
  const tuple = /'shape':\s*\(([\d\s,L]*)\)/.exec(body ?? "");
  if (!descr || !order || !tuple) return undefined;
  const parts = tuple[1]!.split(",").map((part) => part.trim().replace(/L$/, ""));
  if (parts.at(-1) === "") parts.pop();
  if (parts.some((part) => !/^\d{1,15}$/.test(part))) return undefined;
  return { order: descr[1]!, kind: descr[2]!, fortran: order[1] === "True", shape: parts.map(Number) };
}

/** Elements stored with the first axis fastest, put into row-major order. */
function toRowMajor(data: ArrayStorage, shape: readonly number[]): ArrayStorage {
  const out = data.slice();
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  for (let i = 0; i < data.length; i++) {
    out[i] = data[index.reduce((sum, at, axis) => sum + at * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** Value of IEEE 754 half-precision bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
