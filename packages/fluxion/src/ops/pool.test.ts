import { describe, expect, it } from "vitest";
import { grad, hvp } from "../core/autodiff.js";
import { DtypeError, OptionError, ShapeError } from "../core/errors.js";
import { tensor, type Tensor } from "../index.js";
import { expectAgreement } from "../testing/agree.js";
import { genericTensor } from "../testing/evaluator.js";
import { avgPool } from "./average-pool.js";
import { ones } from "./create.js";
import { globalAvgPool, globalMaxPool, maxPool } from "./pool.js";

describe("maxPool", () => {
  it("never takes padding, even among negative numbers", async () => {
    expect(await maxPool(tensor([[[-3, -5]]]), 2, { stride: 1, padding: 1 }).toArray()).toEqual([
      [[-3, -3, -5]],
    ]);
  });

  it("gives the gradient to the first of equal entries, side by side and overlapping", async () => {
    const x = tensor([[[2, 2, 1, 1, 2, 2]]]);
    const slope = (stride: number): Tensor =>
      grad((t: Tensor) =>
        maxPool(t, 2, { stride })
          .mul(tensor([1, 10, 100, 1000, 10000].slice(0, stride === 2 ? 3 : 5)))
          .sum(),
      )(x);
    expect(await slope(2).toArray()).toEqual([[[1, 0, 10, 0, 100, 0]]]);
    expect(await slope(1).toArray()).toEqual([[[1, 10, 100, 0, 11000, 0]]]);
  });

  it.each([[[4]], [[4, 4]], [[2, 4, 2]]])(
    "takes the first corner of a constant image of spatial shape %j",
    async (size) => {
      const slope = await grad((t: Tensor) => maxPool(t, 2).sum())(ones([1, 1, ...size])).data();
      const first = (i: number): boolean => {
        let [rest, even] = [i, true];
        for (const n of size.toReversed()) {
          even &&= (rest % n) % 2 === 0;
          rest = Math.floor(rest / n);
        }
        return even;
      };
      expect(Array.from(slope, Number)).toEqual(
        Array.from({ length: slope.length }, (_, i) => (first(i) ? 1 : 0)),
      );
    },
  );

  it("hangs over the end by more than the kernel where it is dilated", async () => {
    const y = maxPool(tensor([[[5, 1, 2, 4, 3]]]), 2, { stride: 3, dilation: 3, ceilMode: true });
    expect(await y.toArray()).toEqual([[[5, 4]]]);
  });

  it("has second derivatives through what follows", async () => {
    const f = (t: Tensor): Tensor => maxPool(t, 2).pow(3).sum();
    expect(await hvp(f, [tensor([[[1, 2, 5, 4]]])], tensor([[[1, 1, 1, 1]]])).toArray()).toEqual([
      [[0, 12, 30, 0]],
    ]);
  });

  it("agrees with the definition on larger images", async () => {
    const x = genericTensor([2, 3, 9, 8], 1, "float32");
    const slope =
      (kernel: number, stride: number) =>
      ([t]: Tensor[]) => [grad((u: Tensor) => maxPool(u, kernel, { stride, padding: 1 }).square().sum())(t!)];
    await expectAgreement(slope(2, 2), [x]);
    await expectAgreement(slope(3, 2), [x]);
  });
});

describe("avgPool", () => {
  it("counts padding unless told otherwise", async () => {
    const x = tensor([[[2, 4, 6]]]);
    expect(await avgPool(x, 2, { padding: 1 }).toArray()).toEqual([[[1, 5]]]);
    expect(await avgPool(x, 2, { padding: 1, countIncludePad: false }).toArray()).toEqual([[[2, 5]]]);
    expect(await avgPool(x, 2, { ceilMode: true }).toArray()).toEqual([[[3, 6]]]);
  });

  it("agrees with the definition in every form of its gradient", async () => {
    const x = genericTensor([2, 3, 8, 6], 1, "float32");
    const slope =
      (kernel: number, stride: number, padding: number) =>
      ([t]: Tensor[]) => [grad((u: Tensor) => avgPool(u, kernel, { stride, padding }).square().sum())(t!)];
    await expectAgreement(slope(2, 2, 0), [x]);
    await expectAgreement(slope(3, 1, 1), [x]);
    await expectAgreement(slope(3, 2, 1), [x]);
  });
});

it("pools globally", async () => {
  const x = tensor([
    [
      [1, 3],
      [5, 2],
    ],
  ]);
  expect(await globalAvgPool(x).toArray()).toEqual([[2, 3.5]]);
  expect(await globalMaxPool(x).toArray()).toEqual([[3, 5]]);
  expect(globalMaxPool(ones([2, 3, 4, 5]), { keepDims: true }).shape).toEqual([2, 3, 1, 1]);
  expect(globalAvgPool(ones([2, 3, 4, 5]), { keepDims: true }).shape).toEqual([2, 3, 1, 1]);
});

it("refuses what does not fit", () => {
  const x = ones([1, 1, 4, 4]);
  expect(() => maxPool(x, 5)).toThrow(ShapeError);
  expect(() => maxPool(x, 2, { padding: 2 })).toThrow("want padding less than the kernel, got 2");
  expect(() => maxPool(x, [2, 2, 2])).toThrow("kernel: a whole number ≥ 1, or 2 of them");
  expect(() => maxPool(x.cast("int32"), 2)).toThrow(DtypeError);
  expect(() => avgPool(x, 2, { dilation: 2 } as object)).toThrow(OptionError);
  expect(() => globalAvgPool(ones([2, 3]))).toThrow(ShapeError);
});
