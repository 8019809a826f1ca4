import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { genericTensor } from "../testing/evaluator.js";
import { groupNorm, layerNorm, rmsNorm } from "./norm.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const epsilon = 1e-5;

/** (x − mean)/√(variance + ε) of one list. */
function standardised(list: readonly number[]): number[] {
  const mean = list.reduce((a, b) => a + b) / list.length;
  const variance = list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length;
  return list.map((v) => (v - mean) / Math.sqrt(variance + epsilon));
}
const close = (got: readonly number[], want: readonly number[]): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 4));
};

const scale = [2, -1, 0.5, 3];
const bias = [0, 1, -2, 0.25];
const affine = { scale: tensor(scale), bias: tensor(bias) };

it("layerNorm standardises every vector, then scales and shifts", async () => {
  const x = genericTensor([3, 4], 1, "float32");
  const rows = await numbers(x);
  const want = [0, 1, 2].flatMap((r) =>
    standardised(rows.slice(4 * r, 4 * r + 4)).map((v, i) => v * scale[i]! + bias[i]!),
  );
  close(await numbers(layerNorm(4).apply(affine, x)), want);
  const start = layerNorm(4).init(key(0));
  expect([await numbers(start.scale), await numbers(start.bias)]).toEqual([
    [1, 1, 1, 1],
    [0, 0, 0, 0],
  ]);
});

it("rmsNorm divides by the root mean square", async () => {
  const x = tensor([[3, -4, 0, 0]]);
  const rms = Math.sqrt(25 / 4 + epsilon);
  close(await numbers(rmsNorm(4).apply({ scale: affine.scale }, x)), [6 / rms, 4 / rms, 0, 0]);
  const loose = Math.sqrt(25 / 4 + 0.5);
  close(await numbers(rmsNorm(4, { epsilon: 0.5 }).apply(rmsNorm(4).init(key(0)), x)), [
    3 / loose,
    -4 / loose,
    0,
    0,
  ]);
});

it("groupNorm standardises every group of channels", async () => {
  const x = genericTensor([2, 4, 3, 1], 2, "float32");
  const all = await numbers(x);
  const want = [0, 1, 2, 3].flatMap((group) =>
    standardised(all.slice(6 * group, 6 * group + 6)).map((v, i) => {
      const channel = (group % 2) * 2 + Math.floor(i / 3);
      return v * scale[channel]! + bias[channel]!;
    }),
  );
  close(await numbers(groupNorm(2, 4).apply(affine, x)), want);
});

it("does not see the scale and offset of its input", async () => {
  const x = genericTensor([2, 4, 5], 3, "float32");
  const model = groupNorm(4, 4, { epsilon: 1e-9 });
  const params = model.init(key(0));
  close(await numbers(model.apply(params, x.mul(7).add(3))), await numbers(model.apply(params, x)));
});

it("refuses what does not fit", () => {
  expect(() => groupNorm(3, 4)).toThrow(OptionError);
  expect(() => layerNorm(0)).toThrow(OptionError);
  for (const make of [layerNorm, rmsNorm, (n: number, o: object) => groupNorm(1, n, o)])
    expect(() => make(4, { eps: 1 } as never)).toThrow(OptionError);
});
