// Brings ONNX Runtime into a worker: chooses WebGPU or Wasm and loads the module with progress.
import { setDevice } from "fluxion";
import gpuModule from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { threadsHere } from "./offline/threads.js";
import type { Engine } from "./protocol.js";

interface Environment {
  wasm: { numThreads?: number; wasmBinary?: ArrayBuffer };
  webgpu: { device?: GraphicsDevice };
  logLevel?: string;
}
interface GraphicsDevice {
  readonly lost: Promise<{ readonly message: string; readonly reason: string }>;
}
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
}

async function graphicsAdapter(): Promise<Adapter | null> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  try {
    return (await gpu?.requestAdapter()) ?? null;
  } catch {
    return null;
  }
}

/** Software that passes for a graphics card is slower than Wasm. */
const isSoftware = ({ isFallbackAdapter, info }: Adapter): boolean =>
  isFallbackAdapter === true ||
  info?.isFallbackAdapter === true ||
  /swiftshader|llvmpipe|software/i.test(`${info?.vendor} ${info?.architecture} ${info?.description}`);

/** What computes. */
export interface LoadedEngine {
  readonly engine: Engine;
  readonly threads: number;
  /** Of WebGPU. */
  readonly adapter: string | undefined;
  /** Whether there was an adapter that is software, so that Wasm was taken. */
  readonly software: boolean;
}

/**
 * Loads the engine and makes it the library's device.
 * @param onProgress bytes so far, and of all if the host says so
 * @param onLost called when the graphics device goes away
 * @throws Error if the module cannot be loaded, or WebGPU is wanted and not there
 */
export async function loadEngine(
  wanted: Engine | "auto",
  onProgress: (loaded: number, total: number | undefined) => void,
  onLost: (message: string) => void,
): Promise<LoadedEngine> {
  const adapter = wanted === "wasm" ? null : await graphicsAdapter();
  if (wanted === "webgpu" && !adapter) throw new Error("This browser offers no WebGPU adapter.");
  const engine = adapter && (wanted === "webgpu" || !isSoftware(adapter)) ? "webgpu" : "wasm";
  const module: { env: unknown } =
    engine === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  const env = module.env as Environment;
  env.logLevel = "error";
  const threads = engine === "webgpu" ? 1 : threadsHere();
  env.wasm.numThreads = threads;
  env.wasm.wasmBinary ??= await download(engine === "webgpu" ? gpuModule : wasmModule, onProgress);
  setDevice(engine);
  if (engine === "webgpu") watchDevices(env.webgpu, onLost);
  const { vendor = "", architecture = "" } = adapter?.info ?? {};
  const name = `${vendor} ${architecture}`.trim();
  const onGpu = engine === "webgpu";
  return { engine, threads, adapter: onGpu ? name : undefined, software: adapter !== null && !onGpu };
}

/** ONNX Runtime writes every device that it makes into its environment; one that it gives up itself is not lost. */
function watchDevices(webgpu: Environment["webgpu"], onLost: (message: string) => void): void {
  let device = webgpu.device;
  Object.defineProperty(webgpu, "device", {
    configurable: true,
    get: () => device,
    set(made: GraphicsDevice) {
      device = made;
      void made.lost.then(({ message, reason }) => {
        if (reason !== "destroyed") onLost(message || reason);
      });
    },
  });
}

async function download(
  address: string,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<ArrayBuffer> {
  const response = await fetch(address).catch(() => undefined);
  if (!response?.ok || !response.body) {
    throw new Error(
      `The engine could not be loaded (${response ? `HTTP status ${response.status}` : "no connection"}).`,
    );
  }
  // A compressed transfer has another length than what arrives.
  const length = response.headers.has("content-encoding")
    ? 0
    : Number(response.headers.get("content-length"));
  const parts: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    loaded += next.value.length;
    onProgress(loaded, length || undefined);
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.buffer;
}
