import { expect, it } from "vitest";
import { OptionError, ShapeError, tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { glorotUniform } from "./initializers.js";
import { linear } from "./linear.js";

it("is x·W + b over the last axis, by hand", async () => {
  const params = {
    weight: tensor([
      [1, 2],
      [0, -1],
      [3, 0.5],
    ]),
    bias: tensor([10, 20]),
  };
  const x = [
    [1, 2, 3],
    [0, 0, 1],
  ];
  const want = [1 + 9 + 10, 2 - 2 + 1.5 + 20, 3 + 10, 0.5 + 20];
  expect([...(await linear(3, 2).apply(params, tensor(x)).data())]).toEqual(want);
  const deep = linear(3, 2).apply(params, tensor([[x], [x]]));
  expect(deep.shape).toEqual([2, 1, 2, 2]);
  expect([...(await deep.data())]).toEqual([...want, ...want]);
  const { weight } = params;
  expect([...(await linear(3, 2, { bias: false }).apply({ weight }, tensor(x)).data())]).toEqual([
    10, 1.5, 3, 0.5,
  ]);
});

it("starts with the initializer's weight and a bias of 0", async () => {
  const { weight, bias } = linear(6, 4, { init: glorotUniform }).init(key(3));
  expect(weight.shape).toEqual([6, 4]);
  expect(Math.max(...((await weight.data()) as Float32Array).map(Math.abs))).toBeLessThan(Math.sqrt(6 / 10));
  expect([...(await bias!.data())]).toEqual([0, 0, 0, 0]);
  expect(linear(6, 4, { bias: false }).init(key(3)).bias).toBeUndefined();
});

it("refuses what does not fit", () => {
  expect(() => linear(0, 2)).toThrow(OptionError);
  expect(() => linear(2, 1.5)).toThrow(OptionError);
  expect(() => linear(2, 2, { biased: true } as never)).toThrow(OptionError);
  const layer = linear(3, 2);
  expect(() => layer.apply(layer.init(key(0)), tensor([[1, 2]]))).toThrow(ShapeError);
});
