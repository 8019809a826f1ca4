// Messages as bytes: JSON with the typed arrays taken out, and their bytes behind it.
import { FormatError } from "../core/errors.js";

const kinds = { Float32Array, Float64Array, Int32Array, Uint8Array } as const;
type Kind = keyof typeof kinds;

/** A typed array in the JSON: which kind, and where its bytes are. */
interface Place {
  readonly $array: Kind;
  readonly from: number;
  readonly length: number;
}

const kindOf = (value: unknown): Kind | undefined =>
  (Object.keys(kinds) as Kind[]).find((kind) => value instanceof kinds[kind]);
const aligned = (n: number): number => Math.ceil(n / 8) * 8;

/**
 * A plain value with typed arrays (float32, float64, int32, uint8) as bytes: the JSON's length as uint32, little-endian,
 * the JSON, then the arrays, each at a multiple of 8 bytes.
 */
export function encodeMessage(message: unknown): Uint8Array {
  const arrays: { from: number; bytes: Uint8Array }[] = [];
  let size = 0;
  const json = JSON.stringify(message, (_key, value: unknown) => {
    const kind = kindOf(value);
    if (!kind) return value;
    const array = value as InstanceType<(typeof kinds)[Kind]>;
    const place: Place = { $array: kind, from: size, length: array.length };
    arrays.push({ from: size, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) });
    size = aligned(size + array.byteLength);
    return place;
  });
  const head = new TextEncoder().encode(json);
  const start = aligned(4 + head.length);
  const out = new Uint8Array(start + size);
  new DataView(out.buffer).setUint32(0, head.length, true);
  out.set(head, 4);
  for (const { from, bytes } of arrays) out.set(bytes, start + from);
  return out;
}

/**
 * The value again; arrays are copies.
 * @throws FormatError for bytes that are no such message
 */
export function decodeMessage(bytes: Uint8Array): unknown {
  const where = "distributed.decodeMessage";
  const fail = (got: string, cause?: unknown): FormatError =>
    new FormatError({ where, want: "a message of encodeMessage", got, cause });
  if (bytes.length < 4) throw fail(`${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (4 + length > bytes.length) throw fail(`a header of ${length} bytes in ${bytes.length}`);
  const start = aligned(4 + length);
  try {
    return JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(4, 4 + length)),
      (_key, value: unknown) => {
        if (typeof value !== "object" || value === null || !("$array" in value)) return value;
        const { $array, from, length: count } = value as Partial<Place>;
        if (!Object.hasOwn(kinds, String($array))) throw fail(`an array of kind ${String($array)}`);
        const Array = kinds[$array!];
        const [first, last] = [start + from!, start + from! + count! * Array.BYTES_PER_ELEMENT];
        if (![from, count].every((n) => Number.isSafeInteger(n) && n! >= 0) || last > bytes.length)
          throw fail("an array beyond the message's end");
        // Not bytes.slice, which in Node's Buffer is a view.
        return new Array(new Uint8Array(bytes.subarray(first, last)).buffer);
      },
    );
  } catch (error) {
    throw error instanceof FormatError ? error : fail("no JSON", error);
  }
}
