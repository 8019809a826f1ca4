import { describe, expect, it } from "vitest";
import { cond, random, scan, tensor, type Tensor } from "../index.js";
import { collect } from "../core/node.js";
import { placeholder } from "../core/tensor.js";
import { compile } from "./compile.js";
import { simplify } from "./simplify.js";

const seed = random.key(5);
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

function blocksOf(f: (key: Tensor) => Tensor[]): number {
  const key = placeholder([2], "uint32");
  const nodes = collect(simplify(f(key), [key]), new Set([key]));
  return nodes.filter((n) => n.op.name === "Threefry2x32").length;
}

describe("mergeBlocks", () => {
  it("draws of many shapes become one block for each level of keys, and keep their numbers", async () => {
    const f = (key: Tensor): Tensor[] => {
      const layers = Array.from({ length: 20 }, (_, i) => random.foldIn(key, i));
      return layers.map((k, i) => random.normal(k, i % 2 ? [i, 3] : []));
    };
    expect(blocksOf(f)).toBe(2);
    const merged = await compile(f)(seed);
    for (const [i, t] of f(seed).slice(0, 4).entries())
      expect(await numbers(merged[i]!)).toEqual(await numbers(t));
  });

  it("what depends on a draw stays after it", async () => {
    // The second draw's key depends on the first draw's value.
    const f = (key: Tensor): Tensor[] => {
      const [a, b] = random.keys(key);
      const first = random.randint(a, [], 0, 5);
      const second = random.uniform(random.foldIn(b, first), [3]);
      return [first, second, random.uniform(b, [2])];
    };
    const [first, second, third] = await compile(f)(seed);
    const [a, b] = random.keys(seed);
    const chosen = await random.randint(a, [], 0, 5).item();
    expect(await first!.item()).toBe(chosen);
    expect(await numbers(second!)).toEqual(await numbers(random.uniform(random.foldIn(b, chosen), [3])));
    expect(await numbers(third!)).toEqual(await numbers(random.uniform(b, [2])));
  });

  it("large draws stay alone", () => {
    expect(blocksOf((key) => random.keys(key, 2).map((k) => random.bits(k, [2 ** 20 + 1])))).toBe(3);
    expect(blocksOf((key) => random.keys(key, 6).map((k) => random.bits(k, [2 ** 20])))).toBe(3);
  });

  it("inside loops and branches", async () => {
    const f = (key: Tensor): Tensor => {
      const draw = (k: Tensor): Tensor => {
        const [a, b, c] = random.keys(k, 3);
        return random.uniform(a).add(random.uniform(b)).mul(random.uniform(c));
      };
      const [, ys] = scan(
        (s: Tensor, k: Tensor): [Tensor, Tensor] => [s, draw(k)],
        tensor(0),
        random.split(key, 3),
      );
      return ys.add(cond(ys.sum().greater(-1), draw, (k: Tensor) => draw(k).mul(2), key));
    };
    const one = async (k: Tensor): Promise<number> => {
      const [a, b, c] = await Promise.all(random.keys(k, 3).map((q) => random.uniform(q).item()));
      return (a! + b!) * c!;
    };
    const base = await one(seed);
    const steps = await Promise.all(random.keys(seed, 3).map(one));
    const got = await numbers(await compile(f)(seed));
    got.forEach((v, i) => expect(v).toBeCloseTo(steps[i]! + base, 6));
  });
});
