import { checkDevice, type Device } from "./device.js";
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

/** ONNX Runtime in the browser; the Wasm module is fetched when the first program is loaded. */
export const runtime: Runtime = {
  devices,
  async load(bytes, inputs, outputs, { device, threads, doubles }) {
    checkDevice(device, await devices());
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
    const session = await inTurn(() =>
      loadSession(ort as unknown as OrtModule, bytes, inputs, outputs, options),
    );
    return {
      run: (values) => inTurn(() => session.run(values)),
      release: () => inTurn(() => session.release()),
    };
  },
};
