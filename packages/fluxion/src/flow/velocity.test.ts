import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { vpPath } from "./diffusion-path.js";
import { convertPrediction, type FlowModel } from "./prediction.js";
import { velocityOf } from "./velocity.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const x = tensor([
  [1, -2],
  [0.5, 3],
]);

it("gives the model one time an example, and its condition", async () => {
  const model: FlowModel<{ a: Tensor }> = (p, z, t, cond) => {
    expect(t.shape).toEqual([2]);
    return z.mul(p.a).add(t.expandDims(1)).add(cond!.expandDims(1));
  };
  const velocity = velocityOf(model, { a: tensor(2) }, { cond: tensor([10, 20]) });
  expect(await numbers(velocity(x, tensor(0.5)))).toEqual([12.5, 6.5, 21.5, 26.5]);
});

it("reads other predictions as velocities", async () => {
  const path = vpPath();
  const model: FlowModel<null> = (_, z) => z.mul(0.3);
  const velocity = velocityOf(model, null, { path, prediction: "noise" });
  const want = convertPrediction(path, "noise", "velocity", x.mul(0.3), x, tensor([0.4, 0.4]));
  const got = await numbers(velocity(x, tensor(0.4)));
  (await numbers(want)).forEach((v, i) => expect(got[i]).toBeCloseTo(v, 5));
});

it("refuses unknown options", () => {
  expect(() => velocityOf((_, z) => z, null, { condition: x } as never)).toThrow(OptionError);
});
