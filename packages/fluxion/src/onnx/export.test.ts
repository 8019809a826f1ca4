import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type ModelProto } from "onnx-buf";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import {
  arange,
  attention,
  compile,
  CompileError,
  constant,
  OptionError,
  scan,
  ShapeError,
  silu,
  softmax,
  tensor,
  type Tensor,
  vmap,
} from "../index.js";
import { exportOnnx, type ExportOptions } from "./export.js";

const wave = (shape: number[], phase = 0): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + phase)),
    { shape },
  );

/** The outputs of plain ONNX Runtime, by name. */
async function runRaw(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const values: Record<string, ort.Tensor> = {};
  for (const [name, t] of Object.entries(feeds)) {
    values[name] = new ort.Tensor(t.dtype as "float32", (await t.data()) as Float32Array, t.shape);
  }
  const results = await session.run(values);
  await session.release();
  return results;
}

const close = (got: ort.Tensor, want: ArrayLike<number>, dims: readonly number[]): void => {
  expect(got.dims).toEqual(dims);
  const data = got.data as Float32Array;
  expect(data.length).toBe(want.length);
  data.forEach((v, i) => expect(Math.abs(v - want[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(want[i]!))));
};

const shapesOf = (model: ModelProto, list: "input" | "output"): string[] =>
  model.graph![list].map((info) => {
    const dims = info.type?.value.case === "tensorType" ? info.type.value.value.shape!.dim : [];
    return `${info.name}[${dims.map((d) => String(d.value.value)).join(",")}]`;
  });

/** Exports with a free batch size and compares plain ONNX Runtime with the compiled function at several sizes. */
async function checkBatches(
  fn: (...args: Tensor[]) => Tensor,
  args: (size: number) => Tensor[],
  options: ExportOptions = {},
): Promise<ModelProto> {
  const bytes = await exportOnnx(fn, args(3), { dynamicBatch: true, ...options });
  const compiled = compile(fn);
  for (const size of [1, 3, 10]) {
    const inputs = args(size);
    const want = await compiled(...inputs);
    const names = inputs.map((_, i) => (inputs.length === 1 ? "input" : `input${i}`));
    const got = await runRaw(bytes, Object.fromEntries(inputs.map((t, i) => [names[i]!, t])));
    close(got.output!, (await want.data()) as Float32Array, want.shape);
  }
  await compiled.release();
  return fromBinary(ModelProtoSchema, bytes);
}

describe("a fixed shape", () => {
  const params = {
    layers: [
      { w: wave([4, 8]), b: wave([8], 1) },
      { w: wave([8, 2], 2), b: wave([2], 3) },
    ],
  };
  const mlp = (p: typeof params, x: Tensor): Tensor =>
    p.layers.reduce((h, { w, b }, i) => (i > 0 ? h.tanh() : h).matmul(w).add(b), x);

  it("gives plain ONNX Runtime the same values, params named by path", async () => {
    const x = wave([3, 4], 4);
    const bytes = await exportOnnx(mlp, [x], { params, metadata: { made: "by a test" } });
    const model = fromBinary(ModelProtoSchema, bytes);
    expect(model.graph!.initializer.map((t) => t.name).sort()).toEqual(
      expect.arrayContaining(["layers.0.b", "layers.0.w", "layers.1.b", "layers.1.w"]),
    );
    expect(shapesOf(model, "input")).toEqual(["input[3,4]"]);
    expect(model.metadataProps.map((p) => [p.key, p.value])).toEqual([["made", "by a test"]]);
    const want = await mlp(params, x).data();
    close((await runRaw(bytes, { input: x })).output!, want as Float32Array, [3, 2]);
  });

  it("makes what the function closes over initializers, lazy values computed once", async () => {
    const x = wave([3, 4], 4);
    const scaled = { layers: params.layers.map(({ w, b }) => ({ w: w.mul(2), b })) };
    const bytes = await exportOnnx(
      (t: Tensor) => ({ sum: mlp(scaled, t).sum(), all: [mlp(scaled, t)] }),
      [x],
    );
    const model = fromBinary(ModelProtoSchema, bytes);
    expect(model.graph!.input).toHaveLength(1);
    expect(model.graph!.node.filter((n) => n.opType === "Mul")).toHaveLength(0);
    const got = await runRaw(bytes, { input: x });
    const want = await mlp(scaled, x).data();
    close(got["all.0"]!, want as Float32Array, [3, 2]);
  });

  it("names inputs and outputs by their places in the trees, or as told", async () => {
    const f = ({ x, cond }: { x: Tensor; cond: { label: Tensor } }, t: Tensor) => [x.add(cond.label), t];
    const example = { x: wave([2]), cond: { label: wave([2]) } };
    const model = fromBinary(ModelProtoSchema, await exportOnnx(f, [example, wave([])]));
    expect(shapesOf(model, "input")).toEqual(["cond.label[2]", "x[2]", "input1[]"]);
    expect(shapesOf(model, "output")).toEqual(["output0[2]", "output1[]"]);
    const names = { inputNames: ["v0", "c0", "in1"], outputNames: ["v1", "r0_1"] };
    const told = await exportOnnx(f, [example, wave([])], names);
    const got = await runRaw(told, { v0: wave([2]), c0: wave([2], 1), in1: wave([], 2) });
    close(
      got.v1!,
      (await wave([2])
        .add(wave([2], 1))
        .data()) as Float32Array,
      [2],
    );
    await expect(exportOnnx(f, [example, wave([])], { inputNames: ["a", "a", "b"] })).rejects.toThrow(
      OptionError,
    );
    await expect(exportOnnx(f, [example, wave([])], { outputNames: ["a"] })).rejects.toThrow(
      /2 distinct names/,
    );
  });

  it("writes standard operators only if asked", async () => {
    const f = (x: Tensor) => silu(x.matmul(x.transpose([0, 2, 1])).mul(0.5));
    const x = wave([2, 3, 4]);
    const domains = (bytes: Uint8Array) =>
      fromBinary(ModelProtoSchema, bytes).opsetImport.map((o) => o.domain);
    expect(domains(await exportOnnx(f, [x]))).toContain("com.microsoft");
    const bytes = await exportOnnx(f, [x], { portable: true, opset: 18 });
    expect(domains(bytes)).toEqual([""]);
    expect(fromBinary(ModelProtoSchema, bytes).opsetImport[0]!.version).toBe(18n);
    close((await runRaw(bytes, { input: x })).output!, (await f(x).data()) as Float32Array, [2, 3, 3]);
    await expect(exportOnnx(f, [x], { opset: 12 })).rejects.toThrow(OptionError);
  });
});

describe("a free batch size", () => {
  const w = wave([12, 12]);

  it("serves an MLP, normalised over the batch, with a loss", async () => {
    const f = (x: Tensor) => {
      const h = x.matmul(w).tanh();
      const centred = h.sub(h.mean(0)).div(h.variance(0, { ddof: 0 }).add(1).sqrt());
      return centred
        .mul(h.sum().div(h.size))
        .add(arange(x.shape[0]!, undefined, 1, { dtype: "float32" }).expandDims(1));
    };
    const model = await checkBatches(f, (size) => [wave([size, 12], size)]);
    expect(shapesOf(model, "input")).toEqual(["input[batch,12]"]);
    expect(shapesOf(model, "output")).toEqual(["output[batch,12]"]);
  });

  it("serves an attention block with a time input", async () => {
    const f = (x: Tensor, t: Tensor) => {
      const [b, n, d] = x.shape as [number, number, number];
      const heads = (m: Tensor) => m.reshape([b, n, 3, d / 3]).transpose([0, 2, 1, 3]);
      const h = x.add(t.reshape([b, 1, 1]));
      const y = attention(heads(h.matmul(w)), heads(h), heads(h.mul(0.5)));
      return y
        .transpose([0, 2, 1, 3])
        .reshape([b * n, d])
        .reshape([b, n, d])
        .add(x);
    };
    const model = await checkBatches(f, (size) => [wave([size, 5, 12], size), wave([size], 1)]);
    expect(shapesOf(model, "input")).toEqual(["input0[batch,5,12]", "input1[batch]"]);
    await checkBatches(f, (size) => [wave([size, 5, 12], size), wave([size], 1)], { portable: true });
  });

  it("serves a sampler with a loop, and a loop over the batch itself", async () => {
    const sampler = (x: Tensor) => {
      const step = (s: { x: Tensor; t: Tensor }): [{ x: Tensor; t: Tensor }, undefined] => {
        const velocity = s.x
          .matmul(w)
          .add(s.t.broadcastTo([x.shape[0]!, 1]))
          .tanh();
        return [{ x: s.x.add(velocity.mul(0.25)), t: s.t.add(0.25) }, undefined];
      };
      return scan(step, { x, t: constant(0, "float32") }, undefined, { length: 4 })[0].x;
    };
    await checkBatches(sampler, (size) => [wave([size, 12], size)]);
    await checkBatches(
      (x) => scan((c: Tensor, row: Tensor): [Tensor, Tensor] => [c.add(row), c.mul(row)], wave([12]), x)[1],
      (size) => [wave([size, 12], size)],
    );
    await checkBatches(
      (x) => vmap((row: Tensor) => softmax(row.matmul(w)))(x),
      (size) => [wave([size, 12], size)],
    );
  });

  it("keeps inputs fixed that have no axis named", async () => {
    const f = (x: Tensor, table: Tensor) => x.add(table.sum(0));
    const axes = { input0: 0 };
    const bytes = await exportOnnx(f, [wave([3, 4]), wave([5, 4])], { dynamicBatch: { axes, name: "n" } });
    expect(shapesOf(fromBinary(ModelProtoSchema, bytes), "input")).toEqual(["input0[n,4]", "input1[5,4]"]);
    await expect(exportOnnx(f, [wave([3, 4]), wave([5, 4])], { dynamicBatch: true })).rejects.toThrow(
      ShapeError,
    );
    const beyond = { dynamicBatch: { axes: { input0: 2 } } };
    await expect(exportOnnx(f, [wave([3, 4]), wave([5, 4])], beyond)).rejects.toThrow(/axis of input0/);
  });

  it("says what depends on the batch size in a way it cannot write", async () => {
    const power = (x: Tensor) => x.mul(constant(2 ** x.shape[0]!, "float32"));
    await expect(exportOnnx(power, [wave([3, 4])], { dynamicBatch: true })).rejects.toThrow(
      /Mul Mul\d+.*no simple function of the batch size/,
    );
    const fixed = wave([3, 4]);
    await expect(
      exportOnnx((x: Tensor) => x.add(fixed), [wave([3, 4])], { dynamicBatch: true }),
    ).rejects.toThrow(/a function of any batch size, got at batch size/);
    const branching = (x: Tensor) => (x.shape[0]! % 4 === 3 ? x.exp() : x.sin());
    await expect(exportOnnx(branching, [wave([3, 4])], { dynamicBatch: true })).rejects.toThrow(CompileError);
  });

  it("traces at multiples of the example's size where the function wants them", async () => {
    const pairs = (x: Tensor) => x.reshape([x.shape[0]! / 2, 2, 4]).sum(1);
    const bytes = await exportOnnx(pairs, [wave([2, 4])], { dynamicBatch: true });
    expect(shapesOf(fromBinary(ModelProtoSchema, bytes), "output")[0]).toMatch(/^output\[.*,4\]$/);
    const x = wave([6, 4]);
    close((await runRaw(bytes, { input: x })).output!, (await pairs(x).data()) as Float32Array, [3, 4]);
  });
});
