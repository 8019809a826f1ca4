import { describe, expect, it } from "vitest";
import { grad } from "../core/autodiff.js";
import { OptionError, ShapeError, TreeError } from "../core/errors.js";
import { key, normal } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { treeMap } from "../core/tree.js";
import { add, square } from "../ops/arithmetic.js";
import { mean } from "../ops/reduce.js";
import { linear } from "./linear.js";
import { initLora, mergeLora, mixLora, type Lora } from "./lora.js";
import { mlp } from "./mlp.js";

const model = mlp({ inputs: 3, hidden: [5], outputs: 2 });
const base = model.init(key(0));
const x = normal(key(1), [4, 3]);
const fresh = initLora(key(2), base, { rank: 2 });
/** A LoRA that changes something. */
const trained = (seed: number): Lora => treeMap((t: Tensor) => normal(key(seed), t.shape), fresh);

async function numbers(t: Tensor): Promise<number[]> {
  return [...((await t.data()) as Float32Array)];
}
const weights = async (params: typeof base): Promise<number[]> =>
  (await Promise.all(Object.keys(fresh).map((path) => numbers(at(params, path))))).flat();
const at = (params: unknown, path: string): Tensor =>
  path.split(/[.[\]]+/).reduce((node, part) => (node as Record<string, unknown>)[part], params) as Tensor;

describe("initLora", () => {
  it("has a pair for every weight matrix and none for a bias, and changes nothing at first", async () => {
    expect(Object.keys(fresh)).toHaveLength(2);
    for (const [path, { down, up }] of Object.entries(fresh)) {
      const [inputs, outputs] = at(base, path).shape;
      expect([down.shape, up.shape]).toEqual([
        [inputs, 2],
        [2, outputs],
      ]);
    }
    expect(await weights(mergeLora(base, fresh))).toEqual(await weights(base));
  });

  it("draws down with standard deviation 1/rank", async () => {
    const wide = initLora(key(3), linear(2000, 3).init(key(0)), { rank: 4 });
    const values = await numbers(wide["weight"]!.down);
    const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(variance).toBeCloseTo(1 / 16, 2);
  });

  it("has a gradient for up and none for down at the start", async () => {
    const loss = (lora: Lora): Tensor => mean(square(model.apply(mergeLora(base, lora), x)));
    const g = grad(loss)(fresh);
    for (const { down, up } of Object.values(g)) {
      expect((await numbers(down)).every((v) => v === 0)).toBe(true);
      expect((await numbers(up)).some((v) => v !== 0)).toBe(true);
    }
  });

  it("takes what matches, and refuses what it cannot take", () => {
    const last = Object.keys(fresh).at(-1)!;
    expect(Object.keys(initLora(key(0), base, { match: (path) => path === last }))).toEqual([last]);
    expect(() => initLora(key(0), base, { match: () => false })).toThrow(OptionError);
    expect(() => initLora(key(0), base, { match: () => true })).toThrow(ShapeError);
    expect(() => initLora(key(0), base, { rank: 0 })).toThrow(/rank/);
    expect(() => initLora(key(0), base, { ranks: 1 } as never)).toThrow(/ranks/);
  });
});

describe("mergeLora", () => {
  it("adds scale·down·up, linearly", async () => {
    const lora = { weight: { down: tensor([[1], [2]]), up: tensor([[3, 4]]) } };
    const params = {
      weight: tensor([
        [1, 1],
        [1, 1],
      ]),
      bias: tensor([5, 6]),
    };
    const merged = mergeLora(params, lora, 0.5);
    expect(await merged.weight.toArray()).toEqual([
      [2.5, 3],
      [4, 5],
    ]);
    expect(merged.bias).toBe(params.bias);
  });

  it("names what does not fit", () => {
    const params = { weight: tensor([[1, 1]]) };
    const lora = { weight: { down: tensor([[1], [2]]), up: tensor([[3, 4]]) } };
    expect(() => mergeLora(params, { other: lora.weight })).toThrow(TreeError);
    expect(() => mergeLora(params, lora)).toThrow(/weight: want \[1, 2\], got \[2, 2\]/);
  });
});

describe("mixLora", () => {
  const [a, b] = [trained(5), trained(6)];
  const changeOf = async (lora: Lora): Promise<number[]> => {
    const [before, after] = [await weights(base), await weights(mergeLora(base, lora))];
    return after.map((v, i) => v - before[i]!);
  };
  const close = (got: number[], want: number[]): void =>
    got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 4));

  it("mixes the changes of the weights", async () => {
    const [da, db] = [await changeOf(a), await changeOf(b)];
    close(
      await changeOf(mixLora([a, b], [0.25, 0.75])),
      da.map((v, i) => 0.25 * v + 0.75 * db[i]!),
    );
    close(
      await changeOf(mixLora([a], [0.5])),
      da.map((v) => 0.5 * v),
    );
    const twice = mixLora([mixLora([a, b], [0.5, 0.5]), a], [1, 1]);
    close(
      await changeOf(twice),
      da.map((v, i) => 1.5 * v + 0.5 * db[i]!),
    );
  });

  it("or the factors, as the authors do: c² of the change, and cross terms", async () => {
    const da = await changeOf(a);
    close(
      await changeOf(mixLora([a], [0.5], { mode: "factors" })),
      da.map((v) => 0.25 * v),
    );
    const [both, db] = [await changeOf(mixLora([a, b], [0.5, 0.5], { mode: "factors" })), await changeOf(b)];
    const summed = await changeOf(treeMap((p: Tensor, q: Tensor) => add(p, q), a, b));
    close(
      both,
      summed.map((v) => 0.25 * v),
    );
    expect(both.some((v, i) => Math.abs(v - 0.25 * (da[i]! + db[i]!)) > 0.1)).toBe(true);
  });

  it("refuses what does not fit", () => {
    expect(() => mixLora([], [])).toThrow(OptionError);
    expect(() => mixLora([a], [1, 2])).toThrow(OptionError);
    expect(() => mixLora([a], [1], { mode: "sum" as never })).toThrow(/mode/);
    const [first] = Object.entries(a);
    expect(() => mixLora([a, Object.fromEntries([first!])], [1, 1])).toThrow(TreeError);
  });
});
