import { checkOptions, FormatError, ShapeError } from "../core/errors.js";
import { type ArrayData, elementCount, rowLength } from "./array-data.js";
import { defaultMaxBytes, gunzip } from "./gunzip.js";

/** How to read an IDX file. */
export interface IdxOptions {
  /** Names the file in errors, default "idx". */
  where?: string;
  /** Most bytes the file may hold when unpacked, default 1 GiB. */
  maxBytes?: number;
}

interface IdxType {
  bytes: number;
  /** Big-endian read of one element. */
  read: (view: DataView, offset: number) => number;
  array: new (length: number) => Float32Array | Float64Array | Int32Array | Uint8Array;
}

const types: Readonly<Record<number, IdxType>> = {
  0x08: { bytes: 1, read: (view, at) => view.getUint8(at), array: Uint8Array },
  0x09: { bytes: 1, read: (view, at) => view.getInt8(at), array: Int32Array },
  0x0b: { bytes: 2, read: (view, at) => view.getInt16(at), array: Int32Array },
  0x0c: { bytes: 4, read: (view, at) => view.getInt32(at), array: Int32Array },
  0x0d: { bytes: 4, read: (view, at) => view.getFloat32(at), array: Float32Array },
  0x0e: { bytes: 8, read: (view, at) => view.getFloat64(at), array: Float64Array },
};

const maxAxes = 8;

/**
 * Reads the IDX format of the MNIST files: two zero bytes, a type, the number of axes, the sizes, then the elements,
 * all big-endian. int8 and int16 are widened to int32.
 * @param bytes the file, not compressed
 * @param where names the file in errors
 * @throws FormatError with the offset of what is wrong; the length must be exactly what the header says
 */
export function parseIdx(bytes: Uint8Array, where = "idx"): ArrayData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (offset: number, want: string, got: string) =>
    new FormatError({ where: `${where} (offset ${offset})`, want, got });
  if (bytes.length < 4) throw fail(0, "an IDX header of 4 bytes", `${bytes.length} bytes`);
  if (view.getUint16(0) !== 0) throw fail(0, "two zero bytes", `0x${view.getUint16(0).toString(16)}`);
  const type = types[bytes[2]!];
  if (type === undefined) throw fail(2, "type 8, 9, 11, 12, 13 or 14", String(bytes[2]));
  const axes = bytes[3]!;
  if (axes < 1 || axes > maxAxes) throw fail(3, `1 to ${maxAxes} axes`, String(axes));
  const start = 4 + 4 * axes;
  if (bytes.length < start) throw fail(4, `${axes} sizes (${4 * axes} bytes)`, `${bytes.length - 4} bytes`);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = elementCount(shape);
  // Compared before anything is allocated: the file itself bounds the memory.
  if (count * type.bytes !== bytes.length - start) {
    throw fail(
      start,
      `${count * type.bytes} bytes of elements for shape [${shape.join(", ")}]`,
      `${bytes.length - start}`,
    );
  }
  if (type.array === Uint8Array) return { data: new Uint8Array(bytes.subarray(start)), shape };
  const data = new type.array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.bytes);
  return { data, shape };
}

/**
 * `parseIdx` for a file that may be gzip-compressed; told by its first bytes, not by its name, because some servers
 * unpack `.gz` files on the way.
 * @throws FormatError, OptionError
 */
export async function decodeIdx(bytes: Uint8Array, options: IdxOptions = {}): Promise<ArrayData> {
  checkOptions("data.decodeIdx", options, ["where", "maxBytes"]);
  const { where = "idx", maxBytes = defaultMaxBytes } = options;
  return parseIdx(await gunzip(bytes, where, maxBytes), where);
}

/**
 * Writes an array of one to eight axes as IDX (uint8, int32, float32 or float64), not compressed.
 * @throws ShapeError if the data do not fill the shape or it has no axis or more than eight
 */
export function encodeIdx(array: ArrayData): Uint8Array {
  rowLength("data.encodeIdx", array);
  const { data, shape } = array;
  if (shape.length > maxAxes) {
    throw new ShapeError({
      where: "data.encodeIdx",
      want: `1 to ${maxAxes} axes`,
      got: String(shape.length),
    });
  }
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + data.byteLength);
  const view = new DataView(bytes.buffer);
  bytes[3] = shape.length;
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  if (data instanceof Uint8Array) {
    bytes[2] = 0x08;
    bytes.set(data, start);
  } else if (data instanceof Int32Array) {
    bytes[2] = 0x0c;
    data.forEach((value, i) => view.setInt32(start + 4 * i, value));
  } else if (data instanceof Float32Array) {
    bytes[2] = 0x0d;
    data.forEach((value, i) => view.setFloat32(start + 4 * i, value));
  } else {
    bytes[2] = 0x0e;
    data.forEach((value, i) => view.setFloat64(start + 8 * i, value));
  }
  return bytes;
}
