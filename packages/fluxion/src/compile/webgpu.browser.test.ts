import { afterEach, describe, expect, it } from "vitest";
import {
  availableDevices,
  compile,
  DeviceError,
  DtypeError,
  gelu,
  layerNorm,
  scan,
  setDevice,
  softmax,
  tensor,
  valueAndGrad,
  type Tensor,
} from "../index.js";
import { conv } from "../ops/conv.js";
import type { Device } from "./device.js";

const wave = (shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i)),
    { shape },
  );

/** The same program on Wasm and on WebGPU (the software adapter here): largest difference. */
async function difference(f: (...args: Tensor[]) => Tensor[], ...args: Tensor[]): Promise<number> {
  const run = async (device: Device): Promise<number[]> => {
    const out = await compile((...list: Tensor[]) => f(...list), { device })(...args);
    return (await Promise.all(out.map(async (t) => Array.from(await t.data(), Number)))).flat();
  };
  const [want, got] = [await run("wasm"), await run("webgpu")];
  expect(got.length).toBe(want.length);
  return Math.max(...want.map((v, i) => Math.abs(v - got[i]!)));
}

afterEach(() => setDevice("wasm"));

it("lists both devices", async () => {
  expect(await availableDevices()).toEqual(["wasm", "webgpu"]);
});

it("names the devices there are when asked for another", async () => {
  await expect(compile((x: Tensor) => x.add(1), { device: "cuda" })(wave([2]))).rejects.toThrow(DeviceError);
  await expect(compile((x: Tensor) => x.add(1), { device: "cuda" })(wave([2]))).rejects.toThrow(
    /wasm, webgpu.*cuda/,
  );
});

describe("on the WebGPU software adapter", () => {
  it("keeps what it computed after the last program is released", async () => {
    // The first here to use WebGPU, so that its last program is the page's last.
    setDevice("webgpu");
    const double = compile((x: Tensor) => x.mul(2));
    const y = await double(tensor([1, 2]));
    await double.release();
    const next = compile((x: Tensor) => x.add(1));
    expect([...(await (await next(y)).data())]).toEqual([3, 5]);
    expect([...(await y.data())]).toEqual([2, 4]);
    await next.release();
  });

  it("computes a gradient of matrix products, norms and activations", async () => {
    const loss = (w: Tensor, x: Tensor): Tensor =>
      softmax(gelu(layerNorm(x.matmul(w))))
        .square()
        .mean();
    const both = (w: Tensor, x: Tensor): Tensor[] => valueAndGrad(loss)(w, x);
    expect(await difference(both, wave([8, 4]), wave([6, 8]))).toBeLessThan(1e-5);
  });

  it("computes a gradient of a convolution", async () => {
    const loss = (w: Tensor, x: Tensor): Tensor => conv(x, w, { padding: 1 }).tanh().square().mean();
    const both = (w: Tensor, x: Tensor): Tensor[] => valueAndGrad(loss)(w, x);
    expect(await difference(both, wave([4, 2, 3, 3]), wave([2, 2, 6, 6]))).toBeLessThan(1e-5);
  });

  it("runs a loop, and feeds outputs back without reading them", async () => {
    setDevice("webgpu");
    const halve = (s: Tensor): [Tensor, undefined] => [s.mul(0.5).add(1), undefined];
    const step = compile((x: Tensor) => scan(halve, x, undefined, { length: 3 })[0]);
    const once = await step(wave([3]));
    expect(Number((await (await step(once)).data())[0])).toBeCloseTo(1.96875, 5);
  });

  it("says that there is no float64, and what has it", async () => {
    const x = tensor([1, 2], { dtype: "float64" });
    const program = compile((v: Tensor) => v.greater(1), { device: "webgpu" });
    await expect(program(x)).rejects.toThrow(DtypeError);
    await expect(program(x)).rejects.toThrow(/float32 on webgpu.*float64.*setDevice\("wasm"\)/);
  });
});
