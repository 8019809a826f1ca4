import { describe, expect, it } from "vitest";
import { tensor, type Tensor } from "../../index.js";
import * as random from "./index.js";
import reference from "./jax-reference.json" with { type: "json" };

const key = random.key(42);
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const float32Bits = async (t: Tensor): Promise<number[]> => {
  const data = (await t.data()) as Float32Array;
  return Array.from(new Uint32Array(Float32Array.from(data).buffer));
};

async function expectClose(t: Tensor, want: readonly number[]): Promise<void> {
  const got = await numbers(t);
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => expect(Math.abs(v - want[i]!)).toBeLessThan(1e-6 * (1 + Math.abs(want[i]!))));
}

describe("equal to JAX bit for bit", () => {
  it("key of a number", async () => {
    for (const [seed, words] of [...reference.keys, ...reference.wideKeys] as [number, number[]][])
      expect(await numbers(random.key(seed))).toEqual(words);
  });

  it("key of a Tensor", async () => {
    for (const [seed, words] of reference.wideKeys as [number, number[]][])
      expect(await numbers(random.key(tensor(BigInt64Array.of(BigInt(seed)), { shape: [] })))).toEqual(words);
    for (const [seed, words] of reference.keys as [number, number[]][])
      expect(await numbers(random.key(tensor(Int32Array.of(seed), { shape: [] })))).toEqual(words);
  });

  it("split and keys", async () => {
    for (const [n, words] of reference.split as [number, number[][]][]) {
      expect(await random.split(key, n).toArray()).toEqual(words);
      for (const [i, one] of random.keys(key, n).entries()) expect(await numbers(one)).toEqual(words[i]);
    }
  });

  it("foldIn", async () => {
    for (const [data, words] of reference.foldIn as [number, number[]][]) {
      expect(await numbers(random.foldIn(key, data))).toEqual(words);
      expect(await numbers(random.foldIn(key, tensor(Uint32Array.of(data), { shape: [] })))).toEqual(words);
    }
  });

  it("bits", async () => {
    for (const [shape, words] of reference.bits as [number[], number[]][]) {
      const t = random.bits(key, shape);
      expect(t.shape).toEqual(shape);
      expect(await numbers(t)).toEqual(words);
    }
    const long = await numbers(random.bits(key, [reference.bitsLong.size]));
    expect(long.at(-1)).toBe(reference.bitsLong.last);
    expect(long.reduce((a, b) => a ^ b, 0) >>> 0).toBe(reference.bitsLong.xor);
  });

  it("uniform, with bounds that are numbers and Tensors", async () => {
    for (const [shape, min, max, words] of reference.uniformBits as [number[], number, number, number[]][]) {
      expect(await float32Bits(random.uniform(key, shape, { min, max }))).toEqual(words);
      expect(await float32Bits(random.uniform(key, shape, { min: tensor(min), max: tensor(max) }))).toEqual(
        words,
      );
    }
  });

  it("uniform in float64 and float16", async () => {
    const double = (more: object) => random.uniform(random.key(7), [6], { dtype: "float64", ...more });
    expect(await double({}).toArray()).toEqual(reference.uniform64);
    expect(await double({ min: -3, max: 5 }).toArray()).toEqual(reference.uniform64Range);
    expect(await random.uniform(key, [8], { dtype: "float16" }).toArray()).toEqual(reference.uniform16);
  });

  it("randint", async () => {
    for (const [min, max, values] of reference.randint as [number, number, number[]][])
      expect(await numbers(random.randint(key, [12], min, max))).toEqual(values);
  });

  it("bernoulli, rademacher, categorical", async () => {
    expect(await numbers(random.bernoulli(key, 0.3, [32]))).toEqual(reference.bernoulli);
    expect(await numbers(random.rademacher(key, [32]))).toEqual(reference.rademacher);
    const logits = tensor([0.1, 0.2, 0.3, 0.4]).log();
    expect(await numbers(random.categorical(key, logits, { shape: [32] }))).toEqual(reference.categorical);
  });

  it("permutation and choice", async () => {
    for (const [n, order] of reference.permutation as [number, number[]][])
      expect(await numbers(random.permutation(key, n))).toEqual(order);
    const rows = tensor(
      Float32Array.from({ length: 12 }, (_, i) => i),
      { shape: [4, 3] },
    );
    expect(await numbers(random.permutation(key, rows))).toEqual(reference.permutationRows);
    const p = tensor([0.1, 0.2, 0.3, 0.4]);
    const want = reference.choice;
    expect(await numbers(random.choice(key, 10, [12]))).toEqual(want.replace);
    expect(await numbers(random.choice(key, 10, [4], { replace: false }))).toEqual(want.without);
    expect(await numbers(random.choice(key, 4, [16], { p }))).toEqual(want.p);
    expect(await numbers(random.choice(key, 4, [3], { p, replace: false }))).toEqual(want.withoutP);
  });
});

describe("equal to JAX up to rounding", () => {
  it("normal, exponential, gumbel, laplace", async () => {
    await expectClose(random.normal(key, [64]), reference.normal);
    await expectClose(random.exponential(key, [16]), reference.exponential);
    await expectClose(random.gumbel(key, [16]), reference.gumbel);
    await expectClose(random.laplace(key, [16]), reference.laplace);
  });

  it("truncatedNormal", async () => {
    for (const [low, high, values] of reference.truncatedNormal as [number, number, number[]][])
      await expectClose(random.truncatedNormal(key, low, high, [16]), values);
  });
});
