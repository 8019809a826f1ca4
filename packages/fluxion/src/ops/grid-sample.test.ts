import { expect, it } from "vitest";
import { grad } from "../core/autodiff.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { tensor, type Tensor } from "../index.js";
import { linspace, ones, zeros } from "./create.js";
import { gridSample } from "./grid-sample.js";
import { broadcastTo, expandDims, stack } from "./movement.js";

/** The grid [1, h, w, 2] that hits every pixel, corners aligned. */
function identity(h: number, w: number): Tensor {
  const [y, x] = [expandDims(linspace(-1, 1, h), 1), linspace(-1, 1, w)];
  return expandDims(stack([broadcastTo(x, [h, w]), broadcastTo(y, [h, w])], 2), 0);
}

it("gives the image back on the grid of its pixels", async () => {
  const x = tensor([
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
  ]);
  for (const mode of ["bilinear", "nearest"] as const)
    for (const padding of ["zeros", "border", "reflection"] as const) {
      const y = gridSample(x, identity(2, 3), { mode, padding, alignCorners: true });
      expect(await y.sub(x).abs().max().item()).toBeLessThan(1e-6);
    }
});

it("goes to zero, holds or mirrors outside", async () => {
  const x = tensor([[[[1, 2, 4]]]]);
  const at = (padding: "zeros" | "border" | "reflection"): Promise<unknown> =>
    gridSample(
      x,
      tensor([
        [
          [
            [2, 0],
            [3, 0],
          ],
        ],
      ]),
      { padding, alignCorners: true },
    ).toArray();
  expect(await at("zeros")).toEqual([[[[0, 0]]]]);
  expect(await at("border")).toEqual([[[[4, 4]]]]);
  expect(await at("reflection")).toEqual([[[[2, 1]]]]);
});

it("has the slope of the image by the grid, and none at or beyond a border", async () => {
  const x = tensor([[[[0, 1, 4]]]]);
  const slope = grad((g: Tensor) => gridSample(x, g, { padding: "border", alignCorners: true }).sum());
  expect(
    await slope(
      tensor([
        [
          [
            [-0.5, 0],
            [0.5, 0],
            [1, 0],
            [7, 0],
          ],
        ],
      ]),
    ).toArray(),
  ).toEqual([
    [
      [
        [1, 0],
        [3, 0],
        [0, 0],
        [0, 0],
      ],
    ],
  ]);
});

it("refuses what does not fit", () => {
  const x = ones([2, 1, 4, 4]);
  expect(() => gridSample(x, zeros([1, 3, 3, 2]))).toThrow("want grid [2, H', W', 2], got [1, 3, 3, 2]");
  expect(() => gridSample(x, zeros([2, 3, 3, 3]))).toThrow(ShapeError);
  expect(() => gridSample(ones([2, 1, 4]), zeros([2, 3, 3, 2]))).toThrow(
    "want x [B, C, H, W], got [2, 1, 4]",
  );
  expect(() => gridSample(x, zeros([2, 3, 3, 2]), { mode: "bicubic" as "nearest" })).toThrow(OptionError);
  expect(() => gridSample(x, zeros([2, 3, 3, 2]), { padding: "wrap" as "zeros" })).toThrow(OptionError);
});
