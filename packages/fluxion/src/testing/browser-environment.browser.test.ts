import * as ort from "onnxruntime-web/webgpu";
import { expect, it } from "vitest";

it("is cross-origin isolated, so that Wasm threads can share memory", () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  expect(new SharedArrayBuffer(8).byteLength).toBe(8);
});

it("has a WebGPU adapter that gives a device", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  expect(adapter).not.toBeNull();
  const device = await adapter?.requestDevice();
  expect(device?.limits.maxComputeWorkgroupSizeX).toBeGreaterThan(0);
  device?.destroy();
});

/** An ONNX file with the single node y = Add(x, x), float32 [2], opset 21. */
const doubling = "CAk6NQoOCgF4CgF4EgF5IgNBZGQSAWdaDwoBeBIKCggIARIECgIIAmIPCgF5EgoKCAgBEgQKAggCQgQKABAV";

it.each(["wasm", "webgpu"])("runs ONNX Runtime on %s", async (device) => {
  ort.env.wasm.numThreads = 2;
  const bytes = Uint8Array.from(atob(doubling), (character) => character.charCodeAt(0));
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [device] });
  const { y } = await session.run({ x: new ort.Tensor("float32", [1.5, -2], [2]) });
  expect(y?.data).toEqual(Float32Array.of(3, -4));
  await session.release();
});
