import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, gather, logSoftmax, tensor, treePaths, valueAndGrad, type Tensor } from "../index.js";
import { importOnnx } from "./import.js";
import { pathName, type NamedTree } from "./names.js";

interface Reference {
  readonly x: number[];
  readonly labels: number[];
  readonly logits: number[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, number[]>>;
}

const read = (name: string): Buffer => readFileSync(new URL(`testdata/${name}`, import.meta.url));
const reference = JSON.parse(read("torch-net.json").toString()) as Reference;
const model = importOnnx(new Uint8Array(read("torch-net.onnx")));
const x = tensor(Float32Array.from(reference.x), { shape: [2, 3, 8, 8] });
const labels = tensor(reference.labels, { dtype: "int64" });

const close = (got: ArrayLike<number>, want: readonly number[], tolerance: number): void => {
  expect(got.length).toBe(want.length);
  const scale = Math.max(...want.map(Math.abs));
  want.forEach((v, i) => expect(Math.abs(got[i]! - v)).toBeLessThanOrEqual(tolerance * scale));
};

// Convolutions, group and batch norm, GELU, SiLU, pooling, layer norm, attention and linear layers.
describe("a net that PyTorch exported", () => {
  it("describes itself", () => {
    expect(model.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["batch", 3, 8, 8] }]);
    expect(model.outputs).toEqual([{ name: "logits", dtype: "float32", shape: ["batch", 5] }]);
    expect([model.opset, model.producer]).toEqual([18, "pytorch 2.13.0"]);
  });

  it("gives PyTorch's logits", async () => {
    const run = compile(model.apply);
    const [logits] = await run(model.params, x);
    close((await logits!.data()) as Float32Array, reference.logits, 1e-5);
  });

  it("gives PyTorch's gradient of every parameter", async () => {
    const loss = (params: NamedTree): Tensor => {
      const [logits] = model.apply(params, x);
      return gather(logSoftmax(logits!), labels.expandDims(1), 1).mean().neg();
    };
    const [value, grads] = await compile((params: NamedTree) => valueAndGrad(loss)(params))(model.params);
    expect(await value.item()).toBeCloseTo(reference.loss, 5);
    const byName = new Map(treePaths(grads).map(({ path, leaf }) => [pathName(path), leaf]));
    for (const [name, want] of Object.entries(reference.gradients)) {
      const got = byName.get(name);
      expect(got, name).toBeDefined();
      close((await got!.data()) as Float32Array, want, 1e-4);
    }
  });
});
