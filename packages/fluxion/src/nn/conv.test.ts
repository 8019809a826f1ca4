import { describe, expect, it } from "vitest";
import { OptionError, ShapeError, tensor, treeLeaves, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { genericTensor } from "../testing/evaluator.js";
import { conv, type ConvLayerOptions } from "./conv.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

/** y[b, o, r, c] by the definition, with zeros around x. */
async function naive(
  x: Tensor,
  weight: Tensor,
  bias: readonly number[],
  options: { stride: number; before: number; size: number; groups: number },
): Promise<number[]> {
  const { stride, before, size, groups } = options;
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const [o, perGroup, k] = weight.shape as [number, number, number];
  const [xs, ws] = [await numbers(x), await numbers(weight)];
  const out: number[] = [];
  for (let n = 0; n < b; n++)
    for (let f = 0; f < o; f++)
      for (let r = 0; r < size; r++)
        for (let q = 0; q < size; q++) {
          let sum = bias[f]!;
          for (let i = 0; i < perGroup; i++)
            for (let u = 0; u < k; u++)
              for (let v = 0; v < k; v++) {
                const [y, z] = [r * stride + u - before, q * stride + v - before];
                if (y < 0 || z < 0 || y >= h || z >= w) continue;
                const channel = Math.floor(f / (o / groups)) * perGroup + i;
                sum += ws[((f * perGroup + i) * k + u) * k + v]! * xs[((n * c + channel) * h + y) * w + z]!;
              }
          out.push(sum);
        }
  return out;
}

describe("conv", () => {
  it.each<[string, ConvLayerOptions, { stride: number; before: number; size: number; groups: number }]>([
    ["same padding", {}, { stride: 1, before: 1, size: 6, groups: 1 }],
    ["stride 2", { stride: 2, padding: 1 }, { stride: 2, before: 1, size: 3, groups: 1 }],
    ["groups", { groups: 2 }, { stride: 1, before: 1, size: 6, groups: 2 }],
    ["a kernel of 1", { kernel: 1 }, { stride: 1, before: 0, size: 6, groups: 1 }],
  ])("with %s it is the definition, bias included", async (_, options, geometry) => {
    const layer = conv(4, 6, options);
    const bias = [0.5, -1, 2, 0, 3, -0.25];
    const { weight } = layer.init(key(1));
    const x = genericTensor([2, 4, 6, 6], 3, "float32");
    const got = await numbers(layer.apply({ weight, bias: tensor(bias) }, x));
    const want = await naive(x, weight, bias, geometry);
    expect(got.length).toBe(want.length);
    got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 4));
  });

  it("is one operator, bias included", () => {
    const layer = conv(2, 4);
    const { node } = layer.apply(layer.init(key(1)), genericTensor([1, 2, 5, 5], 1, "float32"));
    expect([node.op.name, node.inputs.length]).toEqual(["Conv", 3]);
  });

  it("starts with bias 0 and weights bounded by the fan-in, in 1 to 3 axes", async () => {
    for (const dims of [1, 2, 3] as const) {
      const layer = conv(4, 6, { dims, groups: 2 });
      const { weight, bias } = layer.init(key(2));
      expect(weight.shape).toEqual([6, 2, ...Array.from({ length: dims }, () => 3)]);
      const bound = Math.sqrt(1 / (2 * 3 ** dims));
      expect(Math.max(...(await numbers(weight)).map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(await numbers(bias!)).toEqual([0, 0, 0, 0, 0, 0]);
      const x = genericTensor([1, 4, ...Array.from({ length: dims }, () => 4)], 1, "float32");
      expect(layer.apply({ weight }, x).shape).toEqual([1, 6, ...x.shape.slice(2)]);
    }
    expect(treeLeaves(conv(2, 2, { bias: false }).init(key(0)))).toHaveLength(1);
  });

  it("refuses what does not fit", () => {
    expect(() => conv(3, 4, { groups: 2 })).toThrow(OptionError);
    expect(() => conv(0, 4)).toThrow(OptionError);
    expect(() => conv(2, 4, { kernel: 0 })).toThrow(OptionError);
    expect(() => conv(2, 4, { dims: 4 as never })).toThrow(OptionError);
    expect(() => conv(2, 4, { strides: 2 } as never)).toThrow(OptionError);
    const layer = conv(2, 4);
    expect(() => layer.apply(layer.init(key(0)), genericTensor([1, 3, 4, 4], 1, "float32"))).toThrow(
      ShapeError,
    );
  });
});
