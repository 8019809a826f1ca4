import { DtypeError } from "../core/errors.js";
import { placeholder } from "../core/tensor.js";
import { checkDevice, type Device } from "./device.js";
import { emitModel } from "./emit.js";
import { doubleOptions, loadSession, type OrtModule, type Runtime } from "./runtime.js";

/** Everything that was asked of ONNX Runtime so far. */
let last: Promise<unknown> = Promise.resolve();

/** Its Wasm build keeps arguments on one stack while it waits, so that two runs at once would mix theirs: one after the other. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.catch(() => undefined);
  return mine;
}

const devices = async (): Promise<readonly Device[]> => {
  const gpu = (globalThis.navigator as { gpu?: { requestAdapter(): Promise<unknown> } } | undefined)?.gpu;
  const adapter = gpu ? await gpu.requestAdapter() : null;
  return adapter ? ["wasm", "webgpu"] : ["wasm"];
};

let kept: unknown;

/**
 * ONNX Runtime gives the graphics device up with its last session, and with it every tensor that is still there: what a
 * training returns after it has released its programs could not be read. One small session stays.
 */
async function keepGraphicsDevice(ort: OrtModule): Promise<void> {
  if (kept) return;
  const x = placeholder([1], "float32");
  const { bytes } = emitModel([x.add(x)], [x]);
  kept = await ort.InferenceSession.create(bytes, { executionProviders: ["webgpu"] });
}

/** ONNX Runtime in the browser; the Wasm module is fetched when the first program is loaded. */
export const runtime: Runtime = {
  devices,
  async load(bytes, inputs, outputs, { device, threads, doubles }) {
    checkDevice(device, await devices());
    if (device === "webgpu" && doubles) {
      throw new DtypeError({
        where: "compile",
        want: "float32 on webgpu",
        got: "a program in float64",
        hint: 'ONNX Runtime\'s WebGPU build has no float64, not even beside the graphics card; setDevice("wasm") has',
      });
    }
    const ort =
      device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
    // One pool serves all sessions; its size is settled by whoever speaks first, such as the page itself.
    if (threads !== undefined) ort.env.wasm.numThreads ??= threads;
    ort.env.logLevel = "error";
    const options = {
      executionProviders: [device],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      ...(doubles ? doubleOptions : {}),
      ...(device === "webgpu" ? { preferredOutputLocation: "gpu-buffer" } : {}),
    };
    const session = await inTurn(async () => {
      const module = ort as unknown as OrtModule;
      if (device === "webgpu") await keepGraphicsDevice(module);
      return loadSession(module, bytes, inputs, outputs, options);
    });
    return {
      run: (values) => inTurn(() => session.run(values)),
      release: () => inTurn(() => session.release()),
    };
  },
};
