import { expect, it } from "vitest";
import { grad } from "../core/autodiff.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { tensor, type Tensor } from "../index.js";
import { expectAgreement } from "../testing/agree.js";
import { genericTensor } from "../testing/evaluator.js";
import { ones } from "./create.js";
import { resize, type ResizeMode } from "./resize.js";

it("repeats, and its gradient sums", async () => {
  const x = tensor([[[[1, 2]]]]);
  expect(await resize(x, [2, 4]).toArray()).toEqual([
    [
      [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
      ],
    ],
  ]);
  const slope = grad((t: Tensor) =>
    resize(t, [2, 4])
      .mul(
        tensor([
          [1, 2, 3, 4],
          [10, 20, 30, 40],
        ]),
      )
      .sum(),
  )(x);
  expect(await slope.toArray()).toEqual([[[[33, 77]]]]);
});

it("keeps NaN and infinity to themselves with nearest", async () => {
  expect(await resize(tensor([[[1, NaN, Infinity]]]), 5).toArray()).toEqual([[[1, 1, NaN, NaN, Infinity]]]);
});

it.each<ResizeMode>(["bilinear", "bicubic"])(
  "%s keeps constants and, corners aligned, the ends",
  async (mode) => {
    const error = resize(ones([1, 1, 5, 4]), [9, 7], { mode })
      .sub(1)
      .abs()
      .max();
    expect(await error.item()).toBeLessThan(1e-6);
    const line = tensor([[[0, 1, 2, 3, 4, 5, 6, 7]]]);
    expect(await resize(line, 3, { mode, alignCorners: true }).toArray()).toEqual([[[0, 3.5, 7]]]);
  },
);

it("bilinear keeps lines, half a pixel in from the edges", async () => {
  const twice = await resize(tensor([[[0, 1, 2]]]), 6, { mode: "bilinear" }).toArray();
  expect(twice).toEqual([[[0, 0.25, 0.75, 1.25, 1.75, 2]]]);
});

it.each<ResizeMode>(["nearest", "bilinear", "bicubic"])(
  "%s agrees with the graph as traced on images",
  async (mode) => {
    const x = genericTensor([2, 3, 8, 6], 1, "float32");
    const slope = ([t]: Tensor[]): Tensor[] => [
      grad((u: Tensor) => resize(u, [16, 9], { mode }).square().sum())(t!),
    ];
    await expectAgreement(slope, [x]);
    await expectAgreement(([t]) => [resize(t!, [24, 12], { mode })], [x]);
  },
);

it("leaves the size alone without a node", () => {
  const x = ones([1, 1, 3, 4]);
  for (const mode of ["nearest", "bilinear", "bicubic"] as const) expect(resize(x, [3, 4], { mode })).toBe(x);
});

it("refuses bad sizes and options", () => {
  const x = ones([1, 1, 3, 4]);
  expect(() => resize(x, [3])).toThrow("size: a whole number ≥ 1, or 2 of them");
  expect(() => resize(x, 0)).toThrow(OptionError);
  expect(() => resize(x, 4, { mode: "area" as ResizeMode })).toThrow(
    "want mode nearest, bilinear or bicubic, got area",
  );
  expect(() => resize(x, 4, { alignCorners: true })).toThrow(OptionError);
  expect(() => resize(ones([3, 4]), 4)).toThrow(ShapeError);
});
