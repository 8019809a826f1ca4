import { expect, it } from "vitest";
import { OptionError, ShapeError } from "../core/errors.js";
import { tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";
import { conv } from "./conv.js";
import { ones } from "./create.js";
import { matmul } from "./matmul.js";
import { fold, unfold } from "./unfold.js";

it("lays windows out as columns, channels first", async () => {
  const x = tensor([
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ]);
  expect(await unfold(x, 2).toArray()).toEqual([
    [
      [1, 2],
      [2, 3],
      [4, 5],
      [5, 6],
    ],
  ]);
  expect(await unfold(x, 2, { padding: [[1, 0]], stride: 2 }).toArray()).toEqual([
    [
      [0, 2],
      [1, 3],
      [0, 5],
      [4, 6],
    ],
  ]);
});

it("keeps NaN and infinity in their own entries", async () => {
  const columns = await unfold(tensor([[[1, NaN, Infinity, 4]]]), 2).toArray();
  expect(columns).toEqual([
    [
      [1, NaN, Infinity],
      [NaN, Infinity, 4],
    ],
  ]);
});

it("turns a convolution into a matrix product", async () => {
  const [x, w] = [genericTensor([2, 3, 6, 5], 1), genericTensor([4, 3, 3, 2], 2)];
  const options = { stride: [2, 1], padding: 1 };
  const direct = conv(x, w, options);
  const product = matmul(w.reshape([4, 18]), unfold(x, [3, 2], options)).reshape(direct.shape);
  expect(await product.sub(direct).abs().max().item()).toBeLessThan(1e-12);
});

it("adds up overlaps when folded back", async () => {
  const counts = fold(unfold(ones([1, 1, 4, 3]), 2), [4, 3], 2);
  expect(await counts.toArray()).toEqual([
    [
      [
        [1, 2, 1],
        [2, 4, 2],
        [2, 4, 2],
        [1, 2, 1],
      ],
    ],
  ]);
});

it("refuses what does not fit", () => {
  expect(() => unfold(ones([1, 1, 2]), 3)).toThrow(ShapeError);
  expect(() => unfold(ones([1, 1, 4]), [2, 2])).toThrow("kernel: a whole number ≥ 1, or 1 of them");
  expect(() => unfold(ones([1, 1, 4]), 2, { pad: 1 } as object)).toThrow(OptionError);
  expect(() => fold(ones([1, 4, 5]), [3, 3], 2)).toThrow("want [B, C·4, 4], got [1, 4, 5]");
  expect(() => fold(ones([1, 3, 4]), [3, 3], 2)).toThrow(ShapeError);
  expect(() => fold(ones([1, 3, 4]), [], 2)).toThrow("1 to 3 spatial sizes");
});
