import { expect, it } from "vitest";
import { grad, OptionError, tensor, treeLeaves, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { flowMlp } from "./flow-mlp.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const [x, t] = [normal(key(2), [3, 1, 2, 2]), tensor([0, 0.5, 1])];

it("has the size of the paper's bench at 49 features: 165,425 parameters", () => {
  const params = flowMlp({ shape: [49] }).init(key(0));
  expect(treeLeaves(params).reduce((a, p) => a + p.size, 0)).toBe(165_425);
});

it("starts as the zero velocity with a gradient, in the shape of its input", async () => {
  const net = flowMlp({ shape: [1, 2, 2], width: 8, depth: 1 });
  const params = net.init(key(1));
  const out = net.apply(params, x, t);
  expect(out.shape).toEqual([3, 1, 2, 2]);
  expect((await numbers(out)).every((v) => v === 0)).toBe(true);
  const g = grad((p: typeof params) => net.apply(p, x, t).sub(x).square().sum())(params);
  expect(Math.max(...(await numbers(g.output.weight)).map(Math.abs))).toBeGreaterThan(0.1);
});

it("depends on time and class", async () => {
  const net = flowMlp({ shape: [1, 2, 2], width: 8, classes: 3 });
  const params = { ...net.init(key(1)), output: { weight: normal(key(3), [8, 4]) } };
  const at = (time: Tensor, c: number[]): Promise<number[]> =>
    numbers(net.apply(params, x, time, tensor(c, { dtype: "int32" })));
  const base = await at(t, [0, 1, 3]);
  expect(await at(t.mul(0.5), [0, 1, 3])).not.toEqual(base);
  expect((await at(t, [2, 1, 3])).slice(4)).toEqual(base.slice(4));
  expect((await at(t, [2, 1, 3])).slice(0, 4)).not.toEqual(base.slice(0, 4));
});

it("sees waves besides the position", async () => {
  const net = flowMlp({ shape: [2], width: 8, waves: 5 });
  const params = { ...net.init(key(1)), output: { weight: normal(key(3), [8, 2]) } };
  expect(params.input.weight.shape).toEqual([12, 8]);
  const at = (weight: Tensor): Promise<number[]> =>
    numbers(net.apply({ ...params, input: { ...params.input, weight } }, normal(key(4), [3, 2]), t));
  const blind = params.input.weight.mul(tensor([1, 1, ...Array<number>(10).fill(0)]).reshape([12, 1]));
  const plain = flowMlp({ shape: [2], width: 8 });
  const same = { ...params, input: { ...params.input, weight: params.input.weight.slice([0, 2]) } };
  const want = await numbers(plain.apply(same, normal(key(4), [3, 2]), t));
  (await at(blind)).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
  expect(await at(params.input.weight)).not.toEqual(want);
});

it("refuses sizes and conditions that do not fit", () => {
  for (const options of [
    { shape: [0] },
    { shape: [2], width: 1.5 },
    { shape: [2], timeFeatures: 3 },
    { shape: [2], waves: -1 },
    { shape: [2], layers: 1 },
  ]) {
    expect(() => flowMlp(options as never)).toThrow(OptionError);
  }
  const plain = flowMlp({ shape: [1, 2, 2], width: 4 });
  expect(() => plain.apply(plain.init(key(1)), x, t, tensor([0, 1, 2]))).toThrow(OptionError);
  const classed = flowMlp({ shape: [1, 2, 2], width: 4, classes: 2 });
  expect(() => classed.apply(classed.init(key(1)), x, t)).toThrow(OptionError);
});

it("reads texts as its condition", async () => {
  const net = flowMlp({ shape: [1, 2, 2], width: 8, text: { vocabulary: 5, length: 2 } });
  const params = { ...net.init(key(1)), output: { weight: normal(key(3), [8, 4]) } };
  const at = (c: number[][]): Promise<number[]> =>
    numbers(net.apply(params, x, t, tensor(c, { dtype: "int32" })));
  const base = await at([
    [1, 2],
    [3, 0],
    [0, 0],
  ]);
  const other = await at([
    [2, 1],
    [3, 0],
    [0, 0],
  ]);
  expect(other.slice(4)).toEqual(base.slice(4));
  expect(other.slice(0, 4)).not.toEqual(base.slice(0, 4));
  expect(() => net.apply(params, x, t)).toThrow(/a text for every example/);
  expect(() => flowMlp({ shape: [2], classes: 2, text: { vocabulary: 5, length: 2 } })).toThrow(/both/);
});
