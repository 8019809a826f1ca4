import { fromBinary } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "onnx-buf";
import { compile } from "../compile/compile.js";
import { decode } from "../core/dtypes.js";
import { CompileError } from "../core/errors.js";
import { constant, tensor, type Tensor } from "../core/tensor.js";
import { importOnnx, type OnnxModel } from "../onnx/import.js";
import { readTensor, type FileTensor } from "../onnx/read-tensor.js";

/** One test of the ONNX project: a model, and inputs with the outputs they should give, as files. */
export interface NodeTest {
  readonly model: Uint8Array;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** What became of a test; `why` for all but a pass. */
export interface NodeTestResult {
  readonly status: "pass" | "fail" | "unsupported";
  readonly why?: string;
}

// The tolerances of the ONNX project's own runner, the absolute one in units of the largest value: where terms of 1
// cancel, float32 leaves 1e-7.
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

const read = (bytes: Uint8Array): FileTensor => readTensor(fromBinary(TensorProtoSchema, bytes), "node test");

/** Which inputs become literals: none, small lists of whole numbers, or everything. */
const feeds: readonly ((file: FileTensor) => boolean)[] = [
  () => false,
  ({ dtype, shape, data }) => !dtype.startsWith("float") && shape.length < 2 && data.length <= 64,
  ({ shape, data }) => shape.length < 2 && data.length <= 64,
  () => true,
];

const toTensor = ({ data, dtype, shape }: FileTensor, literal: boolean): Tensor =>
  literal ? constant(decode(data, dtype), dtype, shape) : tensor(data, { dtype, shape });

/** Runs a test through `importOnnx` and the engine. */
export async function runNodeTest(test: NodeTest): Promise<NodeTestResult> {
  let model: OnnxModel;
  let files: FileTensor[];
  let wanted: FileTensor[];
  try {
    model = importOnnx(test.model);
    files = test.inputs.map(read);
    wanted = test.outputs.map(read);
  } catch (error) {
    return { status: error instanceof CompileError ? "unsupported" : "fail", why: String(error) };
  }
  let why = "";
  for (const isLiteral of feeds) {
    try {
      const literals = files.map(isLiteral);
      const all = files.map((file, i) => toTensor(file, literals[i]!));
      const run = compile((fed: Tensor[]) => {
        let next = 0;
        const args = all.map((t, i) => (literals[i] ? t : fed[next++]!));
        return model.apply(model.params, ...args).slice(0, wanted.length);
      });
      const results = await run(all.filter((_, i) => !literals[i]));
      await run.release();
      why =
        (await Promise.all(wanted.map((want, i) => difference(want, results[i])))).find((d) => d !== "") ??
        "";
      return why === "" ? { status: "pass" } : { status: "fail", why };
    } catch (error) {
      why = String(error);
      if (!(error instanceof CompileError) || why.includes("ONNX Runtime")) return { status: "fail", why };
      if (!why.includes("known while tracing")) return { status: "unsupported", why };
    }
  }
  return { status: "unsupported", why };
}

async function difference(want: FileTensor, got: Tensor | undefined): Promise<string> {
  if (!got) return `no output "${want.name}"`;
  if (got.shape.join() !== want.shape.join())
    return `shape [${got.shape.join()}] instead of [${want.shape.join()}]`;
  if (got.dtype !== want.dtype) return `${got.dtype} instead of ${want.dtype}`;
  const [a, b] = [decode(await got.data(), got.dtype), decode(want.data, want.dtype)];
  // Held as float32, so closer to the truth than the bfloat16 that is wanted.
  const relative = want.declared === "bfloat16" ? 1 / 64 : RELATIVE;
  const largest = b.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
  const at = a.findIndex((v, i) => {
    const w = b[i]!;
    if (v === w || (Number.isNaN(v) && Number.isNaN(w))) return false;
    return !(Math.abs(v - w) <= ABSOLUTE * largest + relative * Math.abs(w));
  });
  return at < 0 ? "" : `element ${at} is ${a[at]} instead of ${b[at]}`;
}
