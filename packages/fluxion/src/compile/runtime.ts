import type { DType, TypedArray } from "../core/dtypes.js";
import type { Shape } from "../core/shape.js";
import type { Storage } from "../core/tensor.js";
import type { Device } from "./device.js";

/** A loaded model. */
export interface RuntimeSession {
  /** Runs with inputs in the order of the model's; gives outputs in that order. */
  run(inputs: readonly RuntimeInput[]): Promise<Storage[]>;
  release(): Promise<void>;
}

/** A value for a model's input. */
export interface RuntimeInput {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What the two builds of ONNX Runtime have in common, as far as Fluxion needs it. */
export interface Runtime {
  readonly devices: () => Promise<readonly Device[]>;
  load(
    bytes: Uint8Array,
    inputs: readonly string[],
    outputs: readonly string[],
    options: SessionOptions,
  ): Promise<RuntimeSession>;
}

/** How a session is set up. */
export interface SessionOptions {
  readonly device: Device;
  /** Threads within an operator; default: all cores. */
  readonly threads?: number | undefined;
  /** Whether held values become initializers of the model. Default false. */
  readonly frozen?: boolean | undefined;
  /** Writes ONNX Runtime's own profile to a file with this prefix (Node only). */
  readonly profile?: string | undefined;
  /** Whether the model has values in float64. */
  readonly doubles?: boolean | undefined;
}

/**
 * Session options of models in float64, without three fusions of ONNX Runtime: that of a matrix product with a factor
 * keeps the factor in float32, those of Relu with Clip and of x·sigmoid(x) take no double.
 */
export const doubleOptions = {
  extra: { optimization: { disable_specified_optimizers: "MatMulScaleFusion;FuseReluClip;QuickGeluFusion" } },
} as const;

/** The parts of onnxruntime-common that both packages export; their typings differ only in names. */
export interface OrtModule {
  Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  InferenceSession: {
    create(bytes: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
}
export interface OrtTensor {
  readonly location: string;
  readonly data: TypedArray;
  getData(): Promise<TypedArray>;
}
interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** Half-precision data as raw bits: where JavaScript has Float16Array, ONNX Runtime gives that. */
const stored = (data: TypedArray): TypedArray =>
  data.constructor.name === "Float16Array"
    ? new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    : data;

/** Wraps an ONNX Runtime session. */
export async function loadSession(
  ort: OrtModule,
  bytes: Uint8Array,
  inputs: readonly string[],
  outputs: readonly string[],
  options: Record<string, unknown>,
): Promise<RuntimeSession> {
  const session = await ort.InferenceSession.create(bytes, options);
  const wrap = (t: OrtTensor): Storage =>
    t.location === "cpu"
      ? { host: stored(t.data), handle: t, read: () => Promise.resolve(stored(t.data)) }
      : { handle: t, read: async () => stored(await t.getData()) };
  return {
    async run(values) {
      const feeds: Record<string, OrtTensor> = {};
      values.forEach(({ storage, dtype, shape }, i) => {
        const handle = storage.handle as OrtTensor | undefined;
        feeds[inputs[i]!] = handle ?? new ort.Tensor(dtype, storage.host, shape);
      });
      const results = await session.run(feeds, outputs);
      return outputs.map((name) => wrap(results[name]!));
    },
    release: () => session.release(),
  };
}
