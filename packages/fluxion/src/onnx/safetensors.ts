import { evaluate } from "../compile/evaluate.js";
import { dtypes, fromHalf, type DType, type TypedArray } from "../core/dtypes.js";
import { checkOptions, FormatError, ShapeError, TreeError } from "../core/errors.js";
import { sameShape, sizeOf, type Shape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { tensorLeaves } from "../core/tree.js";
import { namedLeaves, pathName, treeFromNames, type NamedTree } from "./names.js";

/** As the reference implementation: a longer header is taken for an attack. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 32;

/** In the order in which the reference implementation lays tensors out: widest first. */
const written = [
  ["int64", "I64"],
  ["float64", "F64"],
  ["float32", "F32"],
  ["uint32", "U32"],
  ["int32", "I32"],
  ["float16", "F16"],
  ["uint8", "U8"],
  ["bool", "BOOL"],
] as const satisfies readonly (readonly [DType, string])[];

interface FileType {
  readonly bytes: number;
  readonly dtype: DType;
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => TypedArray;
}

const plain = (dtype: DType): FileType => ({
  bytes: dtypes[dtype].bytes,
  dtype,
  read: ({ buffer }) =>
    new (dtypes[dtype].array as unknown as new (buffer: ArrayBuffer) => TypedArray)(buffer),
});

/** Types that Fluxion has no dtype for are read into the next wider one. */
const fileTypes: Readonly<Record<string, FileType>> = {
  ...Object.fromEntries(written.map(([dtype, name]) => [name, plain(dtype)])),
  BOOL: { bytes: 1, dtype: "bool", read: (bytes) => bytes.map((b) => (b === 0 ? 0 : 1)) },
  I8: { bytes: 1, dtype: "int32", read: ({ buffer }) => Int32Array.from(new Int8Array(buffer)) },
  I16: { bytes: 2, dtype: "int32", read: ({ buffer }) => Int32Array.from(new Int16Array(buffer)) },
  U16: { bytes: 2, dtype: "int32", read: ({ buffer }) => Int32Array.from(new Uint16Array(buffer)) },
  BF16: {
    bytes: 2,
    dtype: "float32",
    read: ({ buffer }) =>
      new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer),
  },
};

/** Options of `readSafetensors`. */
export interface ReadSafetensorsOptions<T = unknown> {
  /** Names the file in errors. Default "safetensors". */
  where?: string;
  /** A tree whose structure, shapes and dtypes the file must have. Default: the structure that the names spell. */
  like?: T;
  /** Whether half-precision tensors stay float16 ("keep", the default) or become float32. bfloat16 always becomes float32. */
  half?: "keep" | "float32";
}

/** What a safetensors file holds. */
export interface Safetensors<T = NamedTree> {
  /** Tensors by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The same as a tree: the name `blocks.3.qkv` is `tree.blocks[3].qkv`. */
  readonly tree: T;
  /** The file's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly type: FileType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, and the tensors' bytes without gaps or overlaps.
 * I8, I16 and U16 are read as int32, BF16 as float32.
 * @throws FormatError with the offset or the tensor's name; TreeError or ShapeError if the file is not `like` the tree
 */
export function readSafetensors<T = NamedTree>(
  bytes: Uint8Array,
  options: ReadSafetensorsOptions<T> = {},
): Safetensors<T> {
  checkOptions("readSafetensors", options, ["where", "like", "half"]);
  const { where = "safetensors", like, half = "keep" } = options;
  const { entries, metadata, start } = readHeader(bytes, where);
  const tensors = new Map<string, Tensor>();
  for (const { name, type, shape, begin, end } of entries) {
    // Copied by the constructor: `slice` of a Node Buffer is a view of a larger buffer.
    const data = type.read(new Uint8Array(bytes.subarray(start + begin, start + end)));
    const widen = half === "float32" && type.dtype === "float16";
    tensors.set(
      name,
      widen
        ? tensor(Float32Array.from(data as Uint16Array, fromHalf), { shape })
        : tensor(data, { dtype: type.dtype, shape }),
    );
  }
  const tree = (like === undefined ? treeFromNames(tensors) : arrange(where, like, tensors)) as T;
  return { tensors, tree, metadata };
}

function readHeader(
  bytes: Uint8Array,
  where: string,
): { entries: Entry[]; metadata: Record<string, string>; start: number } {
  const fail = (offset: number, want: string, got: string): FormatError =>
    new FormatError({ where: `${where} (offset ${offset})`, want, got });
  if (bytes.length < 8) throw fail(0, "8 bytes of header length", `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES || Number(length) > bytes.length - 8) {
    throw fail(
      0,
      `a header of at most ${Math.min(MAX_HEADER_BYTES, bytes.length - 8)} bytes`,
      String(length),
    );
  }
  const start = 8 + Number(length);
  if (bytes[8] !== 0x7b) throw fail(8, "a JSON object", "something else");
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw fail(8, "a header in JSON", cause instanceof Error ? cause.message : String(cause));
  }
  let metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header as object)) {
    if (name === "__metadata__") metadata = readMetadata(where, value);
    else entries.push(readEntry(`${where}: "${name}"`, name, value));
  }
  // Sorted by place, every tensor must begin where the one before it ends, and the last at the end of the file.
  let at = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw fail(start + begin, `"${name}" to begin at ${at}, without gap or overlap`, String(begin));
    at = end;
  }
  if (start + at !== bytes.length) throw fail(start + at, `the file to end there`, `${bytes.length} bytes`);
  return { entries, metadata, start };
}

function readMetadata(where: string, value: unknown): Record<string, string> {
  const pairs =
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  if (!pairs?.every((pair): pair is [string, string] => typeof pair[1] === "string")) {
    throw new FormatError({
      where: `${where}: "__metadata__"`,
      want: "an object of strings",
      got: JSON.stringify(value),
    });
  }
  return Object.fromEntries(pairs);
}

const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;

function readEntry(where: string, name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: span } = (value ?? {}) as Record<string, unknown>;
  const type = typeof dtype === "string" && Object.hasOwn(fileTypes, dtype) ? fileTypes[dtype] : undefined;
  if (!type)
    throw new FormatError({
      where,
      want: `a dtype of ${Object.keys(fileTypes).join(", ")}`,
      got: JSON.stringify(dtype),
    });
  if (!Array.isArray(shape) || !shape.every(isCount) || shape.length > MAX_RANK) {
    throw new FormatError({
      where,
      want: `a shape of at most ${MAX_RANK} whole numbers`,
      got: JSON.stringify(shape),
    });
  }
  if (!Array.isArray(span) || span.length !== 2 || !span.every(isCount) || span[0]! > span[1]!) {
    throw new FormatError({ where, want: "data_offsets [begin, end]", got: JSON.stringify(span) });
  }
  const [begin, end] = span as [number, number];
  // Compared before anything is allocated: the file itself bounds the memory.
  if (sizeOf(shape) * type.bytes !== end - begin) {
    throw new FormatError({
      where,
      want: `${sizeOf(shape) * type.bytes} bytes for ${String(dtype)} [${shape.join(", ")}]`,
      got: String(end - begin),
    });
  }
  return { name, type, shape, begin, end };
}

/** The tensors in the structure of `like`. */
function arrange(where: string, like: unknown, tensors: ReadonlyMap<string, Tensor>): unknown {
  const { leaves, def } = tensorLeaves(`${where}: like`, like);
  const wanted = new Set(def.paths.map(pathName));
  const extra = [...tensors.keys()].find((name) => !wanted.has(name));
  if (extra !== undefined) throw new TreeError({ where, want: `no tensor "${extra}"`, got: "one" });
  return def.build(
    leaves.map((leaf, i) => {
      const name = pathName(def.paths[i]!);
      const found = tensors.get(name);
      if (!found) throw new TreeError({ where, want: `a tensor "${name}"`, got: "none" });
      if (!sameShape(found.shape, leaf.shape) || found.dtype !== leaf.dtype) {
        throw new ShapeError({ where: `${where}: "${name}"`, want: String(leaf), got: String(found) });
      }
      return found;
    }),
  );
}

/** Options of `writeSafetensors`. */
export interface WriteSafetensorsOptions {
  /** Free text by key. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * A tree of tensors as a safetensors file, byte for byte as the reference implementation writes it. The leaf
 * `tree.blocks[3].qkv` is named `blocks.3.qkv`.
 * @throws TreeError for a tree that is a bare tensor, or two leaves of one name
 */
export async function writeSafetensors(
  tree: unknown,
  options: WriteSafetensorsOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions("writeSafetensors", options, ["metadata"]);
  const named = namedLeaves("writeSafetensors", tree);
  await evaluate([...named.values()]);
  const rank = (t: Tensor): number => written.findIndex(([dtype]) => dtype === t.dtype);
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const order = [...named].sort((a, b) => rank(a[1]) - rank(b[1]) || compare(a[0], b[0]));
  const meta = Object.entries(options.metadata ?? {});
  const fields = meta.length > 0 ? [`"__metadata__":${JSON.stringify(Object.fromEntries(meta))}`] : [];
  let end = 0;
  for (const [name, t] of order) {
    const span = [end, (end += t.size * dtypes[t.dtype].bytes)];
    const entry = { dtype: written[rank(t)]![1], shape: t.shape, data_offsets: span };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const text = new TextEncoder().encode(`{${fields.join(",")}}`);
  // Spaces up to a multiple of 8, so that the tensors are aligned in the file.
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8 + text.length, 8 + length);
  file.set(text, 8);
  let at = 8 + length;
  for (const [, t] of order) {
    const data = await t.data();
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
