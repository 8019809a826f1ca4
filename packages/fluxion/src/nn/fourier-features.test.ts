import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { fourierFeatures } from "./fourier-features.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

it("gives sines and cosines of the same angles", async () => {
  const x = normal(key(0), [5, 2]);
  const f = fourierFeatures(x, 3);
  expect(f.shape).toEqual([5, 6]);
  const values = await numbers(f);
  for (let b = 0; b < 5; b++) {
    for (let w = 0; w < 3; w++) {
      const [s, c] = [values[6 * b + w]!, values[6 * b + 3 + w]!];
      expect(s * s + c * c).toBeCloseTo(1, 5);
    }
  }
  expect(await numbers(fourierFeatures(tensor([[0, 0]]), 2))).toEqual([0, 0, 1, 1]);
});

it("has a kernel of the width that `scale` says: E cos((x − y)·w) = exp(−scale²|x − y|²/2)", async () => {
  const x = tensor([
    [0, 0],
    [0.3, 0.4],
  ]);
  const [scale, waves] = [2, 4000];
  const [a, b] = (await fourierFeatures(x, waves, { scale }).toArray()) as number[][];
  const inner = a!.reduce((sum, v, i) => sum + v * b![i]!, 0) / waves;
  expect(inner).toBeCloseTo(Math.exp((-(scale ** 2) * 0.25) / 2), 1);
});

it("depends on the seed only", async () => {
  const x = normal(key(0), [2, 3]);
  const one = await numbers(fourierFeatures(x, 4, { seed: 1 }));
  expect(await numbers(fourierFeatures(x, 4, { seed: 1 }))).toEqual(one);
  expect(await numbers(fourierFeatures(x, 4, { seed: 2 }))).not.toEqual(one);
});

it("refuses sizes and scales that are none", () => {
  const x = normal(key(0), [2, 3]);
  expect(() => fourierFeatures(x, 0)).toThrow(OptionError);
  expect(() => fourierFeatures(x, 2, { scale: 0 })).toThrow(OptionError);
  expect(() => fourierFeatures(x, 2, { size: 1 } as never)).toThrow(OptionError);
});
