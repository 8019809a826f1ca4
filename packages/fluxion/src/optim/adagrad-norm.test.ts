import { expect, it } from "vitest";
import { evaluate, OptionError, tensor, valueAndGrad, type Tensor } from "../index.js";
import { adagradNorm, applyUpdates } from "./index.js";

const weights = tensor([0.5, 5], { dtype: "float64" });
const bowl = (p: Tensor): Tensor => p.square().mul(weights).sum();

it("follows its recurrence, one sum for all", async () => {
  const optimizer = adagradNorm({ learningRate: 0.1, initialAccumulator: 0.01 });
  let p: Tensor = tensor([1, 1], { dtype: "float64" });
  let state = optimizer.init(p);
  const want = [
    [0.9900501206539929, 0.9005012065399288, 101.01],
    [0.9827330675754151, 0.8339488675409346, 183.0804415393937],
    [0.9765619090661046, 0.7815803168117695, 253.5932771887806],
  ];
  for (const [x, y, sum] of want) {
    const out = optimizer.update(valueAndGrad(bowl)(p)[1], state, p);
    p = await evaluate(applyUpdates(p, out.updates));
    state = out.state;
    const [a, b] = [...((await p.data()) as Float64Array)];
    expect(Math.abs(a! - x!)).toBeLessThan(1e-12);
    expect(Math.abs(b! - y!)).toBeLessThan(1e-12);
    const [{ sums }] = state as [{ sums: Tensor[] }];
    expect((await sums[0]!.item()) / sum!).toBeCloseTo(1, 12);
  }
});

it("makes a first step shorter than its rate, and has a sum a leaf where asked for", async () => {
  const p = { a: tensor([3, 4]), b: tensor([0.1]) };
  const optimizer = adagradNorm({ learningRate: 0.5, initialAccumulator: 1, scope: "leaf" });
  const { updates } = optimizer.update(p, optimizer.init(p), p);
  const a = (await updates.a.toArray()) as number[];
  expect(Math.hypot(...a)).toBeCloseTo((0.5 * 5) / Math.sqrt(26), 5);
  expect(await updates.b.item()).toBeCloseTo((-0.5 * 0.1) / Math.sqrt(1.01), 5);
});

it("refuses wrong options", () => {
  for (const options of [{ initialAccumulator: 0 }, { scope: "tensor" as never }, { learningRate: -1 }])
    expect(() => adagradNorm(options)).toThrow(OptionError);
});
