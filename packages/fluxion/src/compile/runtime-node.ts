import * as ort from "onnxruntime-node";
import { checkDevice, type Device } from "./device.js";
import { doubleOptions, loadSession, type OrtModule, type Runtime } from "./runtime.js";

const known: readonly Device[] = ["cpu", "cuda", "dml", "coreml", "webgpu"];

const devices = (): Promise<readonly Device[]> => {
  const names = ort.listSupportedBackends().map((b) => b.name);
  return Promise.resolve(known.filter((d) => names.includes(d)));
};

/** ONNX Runtime in Node. */
export const runtime: Runtime = {
  devices,
  async load(bytes, inputs, outputs, { device, threads, profile, doubles }) {
    checkDevice(device, await devices());
    return loadSession(ort as unknown as OrtModule, bytes, inputs, outputs, {
      executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
      graphOptimizationLevel: "all",
      ...(doubles ? doubleOptions : {}),
      logSeverityLevel: 3,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      ...(device === "cpu" ? {} : { preferredOutputLocation: "cpu" }),
    });
  },
};
