import { expect, it } from "vitest";
import { OptionError, relu, silu, tensor, treeLeaves, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import { mlp } from "./mlp.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

it("alternates layers and activations, and ends with a layer", async () => {
  const net = mlp({ inputs: 1, hidden: [2], outputs: 1, activation: relu });
  const layers = [
    { weight: tensor([[1, -2]]), bias: tensor([0, 1]) },
    { weight: tensor([[3], [-5]]), bias: tensor([0.5]) },
  ];
  const by = (x: number): number => 3 * Math.max(0, x) - 5 * Math.max(0, 1 - 2 * x) + 0.5;
  expect(await numbers(net.apply({ layers }, tensor([[-1], [0.25], [2]])))).toEqual([
    by(-1),
    by(0.25),
    by(2),
  ]);
});

it("uses silu by default and takes any leading axes", async () => {
  const net = mlp({ inputs: 2, hidden: [3, 4], outputs: 2 });
  const params = net.init(key(1));
  const [a, b, c] = params.layers;
  const x = genericTensor([2, 3, 2], 1, "float32");
  const want = silu(silu(x.matmul(a!.weight)).matmul(b!.weight)).matmul(c!.weight);
  const got = await numbers(net.apply(params, x));
  const numbersWanted = await numbers(want);
  got.forEach((v, i) => expect(v).toBeCloseTo(numbersWanted[i]!, 6));
  expect(treeLeaves(params).map((t) => t.size)).toHaveLength(6);
});

it("starts every layer from its own key, the last at 0 if asked", async () => {
  const { layers } = mlp({ inputs: 3, hidden: [3], outputs: 3 }).init(key(1));
  expect(await numbers(layers[0]!.weight)).not.toEqual(await numbers(layers[1]!.weight));
  const zero = mlp({ inputs: 3, hidden: [5], outputs: 2, zeroOutput: true });
  const out = await numbers(zero.apply(zero.init(key(1)), genericTensor([4, 3], 1, "float32")));
  expect(out).toEqual(new Array(8).fill(0));
});

it("is linear without hidden layers, and has the gradient of its values", async () => {
  expect(mlp({ inputs: 3, hidden: [], outputs: 2 }).init(key(0)).layers).toHaveLength(1);
  const net = mlp({ inputs: 2, hidden: [3], outputs: 2 });
  await checkGradient(
    (x, w, b, v) => net.apply({ layers: [{ weight: w, bias: b }, { weight: v }] }, x),
    [genericTensor([4, 2], 1), genericTensor([2, 3], 2), genericTensor([3], 3), genericTensor([3, 2], 4)],
  );
});

it("refuses sizes and options that make no sense", () => {
  expect(() => mlp({ inputs: 2, hidden: [0], outputs: 1 })).toThrow(/hidden\[0\]/);
  expect(() => mlp({ inputs: 2.5, hidden: [], outputs: 1 })).toThrow(OptionError);
  expect(() => mlp({ inputs: 2, hidden: [], outputs: 1, act: 1 } as never)).toThrow(OptionError);
});
