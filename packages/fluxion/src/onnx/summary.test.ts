import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FormatError, OptionError, treePaths } from "../index.js";
import { info, graph, model, node } from "../testing/onnx-file.js";
import { importOnnx } from "./import.js";
import { summary } from "./summary.js";

const net = new Uint8Array(readFileSync(new URL("testdata/torch-net.onnx", import.meta.url)));

describe("a summary", () => {
  it("counts operators, weights and operations", () => {
    const s = summary(net);
    expect(s).toMatchObject({ producer: "pytorch 2.13.0", opset: 18, why: undefined });
    expect(s.inputs).toEqual([{ name: "x", type: "float32", shape: ["batch", 3, 8, 8] }]);
    expect(s.outputs).toEqual([{ name: "logits", type: "float32", shape: ["batch", 5] }]);
    expect(s.operators).toMatchObject({ Conv: 2, Softmax: 1, Gemm: 2 });
    expect(Object.values(s.operators).reduce((a, b) => a + b)).toBe(s.nodes);
    expect(s.weights).toBeGreaterThan(1000);
    // Twice the products of the first convolution: 8 channels of 4 × 4 from 3 × 3 × 3.
    expect(s.flops).toBeGreaterThan(2 * 8 * 16 * 27);
    const four = summary(net, { sizes: { batch: 4 } });
    expect(four.flops! / s.flops!).toBeCloseTo(4, 1);
  });

  it("tells the cost of every operator, and which parameters it reads", () => {
    const { costs, flops, nodes } = summary(net, { sizes: { batch: 2 } });
    expect(costs!.length).toBe(nodes);
    expect(costs!.reduce((sum, c) => sum + c.flops, 0)).toBe(flops);
    const [conv] = costs!.filter((c) => c.operator === "Conv");
    // Twice the products of 8 channels of 4 × 4 from 3 × 3 × 3, for two images.
    expect(conv!.shape).toEqual([2, 8, 4, 4]);
    expect(conv!.flops).toBeGreaterThanOrEqual(2 * 2 * 8 * 16 * 27);
    expect(conv!.params.every((p) => /weight|bias/.test(p))).toBe(true);
    const read = new Set(costs!.flatMap((c) => c.params));
    expect([...read].sort()).toEqual(
      treePaths(importOnnx(net).params)
        .map((p) => p.path)
        .sort(),
    );
    expect(summary(net, { shapes: { x: [2, 3, 8, 8] } }).flops).toBe(flops);
  });

  it("reads a Node Buffer that is part of a larger one", () => {
    const padded = Buffer.concat([Buffer.alloc(3), net]).subarray(3);
    expect(summary(padded)).toEqual(summary(net));
  });

  it("says why there are no operations to count", () => {
    const bytes = model(graph([node("Mystery", ["x"], ["y"])], [info("x", [2])], [info("y", [2])]));
    expect(summary(bytes)).toMatchObject({ operators: { Mystery: 1 }, flops: undefined });
    expect(summary(bytes).why).toMatch(/Mystery/);
    const range = model(
      graph([node("ConstantOfShape", ["n"], ["y"])], [info("n", [1], 7)], [info("y", ["n"])]),
    );
    expect(summary(range).why).toMatch(/known while tracing/);
    expect(summary(range, { values: { n: [5] } })).toMatchObject({ why: undefined, flops: 0 });
  });

  it("refuses damaged files and sizes that are none", () => {
    expect(() => summary(net.subarray(0, 1000))).toThrow(FormatError);
    expect(() => summary(net, { sizes: { batch: 0 } })).toThrow(OptionError);
  });
});
