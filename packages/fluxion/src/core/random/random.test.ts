import { describe, expect, it } from "vitest";
import { DtypeError, GradientError, OptionError, ShapeError } from "../errors.js";
import { compile, evaluate, grad, scan, tensor, vmap, type Tensor } from "../../index.js";
import * as random from "./index.js";

const key = random.key(1);
/** The values of several tensors, computed by one program. */
const together = async (list: Tensor[]): Promise<unknown[]> =>
  Promise.all((await evaluate(list)).map((t) => t.toArray()));
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

describe("keys", () => {
  it("different keys give different numbers, equal keys the same", async () => {
    const [a, b] = random.keys(key);
    const [x, y, again] = await Promise.all([a, b, a].map((k) => numbers(random.normal(k, [8]))));
    expect(x).toEqual(again);
    expect(x).not.toEqual(y);
    expect(await numbers(random.normal(random.key(2), [8]))).not.toEqual(
      await numbers(random.normal(key, [8])),
    );
  });

  it("a new seed does not build a new program", async () => {
    const step = compile((k: Tensor) => random.normal(k, [4]));
    await step(key);
    await step(random.key(9));
    expect(step.stats.length).toBe(1);
    expect(step.stats[0]!.runs).toBe(2);
  });
});

describe("foldIn of a number", () => {
  const wordOf = (k: Tensor): string => random.foldIn(k, 3).node.inputs[0]!.node.inputs[3]!.node.op.name;
  it("is fed outside of traced functions, so that a loop over steps has one program", async () => {
    expect(wordOf(key)).toBe("Data");
    const traced = compile((k: Tensor) => {
      expect(wordOf(k)).toBe("Constant");
      return random.foldIn(k, 3);
    });
    expect(await numbers(await traced(key))).toEqual(await numbers(random.foldIn(key, 3)));
  });
});

describe("inside the graph", () => {
  it("a compiled function gives what lazy evaluation gives, with keys split inside", async () => {
    const f = (k: Tensor): Record<string, Tensor> => {
      const [a, b, c] = random.keys(k, 3);
      return { n: random.normal(a, [3, 2]), u: random.uniform(b, [5]), p: random.permutation(c, 6) };
    };
    const compiled = await compile(f)(key);
    const lazy = f(key);
    for (const name of Object.keys(lazy))
      expect(await numbers(compiled[name]!)).toEqual(await numbers(lazy[name]!));
  });

  it("the seed may be an argument", async () => {
    const f = compile((seed: Tensor) => random.bits(random.key(seed), [3]));
    expect(await numbers(await f(tensor(1, { dtype: "int32" })))).toEqual(
      await numbers(random.bits(key, [3])),
    );
  });

  it("a scan takes one key a step", async () => {
    const [, ys] = scan(
      (c: Tensor, k: Tensor): [Tensor, Tensor] => [c, random.normal(k, [2])],
      tensor(0),
      random.split(key, 3),
    );
    const each = await together(random.keys(key, 3).map((k) => random.normal(k, [2])));
    expect(await ys.toArray()).toEqual(each);
  });

  it("a scan folds its step number into one key", async () => {
    const [, ys] = scan(
      (c: Tensor, i: Tensor): [Tensor, Tensor] => [c, random.uniform(random.foldIn(key, i))],
      tensor(0),
      tensor(Int32Array.of(0, 1, 2)),
    );
    const each = await together([0, 1, 2].map((i) => random.uniform(random.foldIn(key, i))));
    expect(await ys.toArray()).toEqual(each);
  });

  it.each<[string, (k: Tensor) => Tensor]>([
    ["bits", (k) => random.bits(k, [2, 3])],
    ["split", (k) => random.split(k, 3)],
    ["foldIn", (k) => random.foldIn(k, 5)],
    ["uniform", (k) => random.uniform(k, [], { min: 1, max: 3 })],
    ["normal", (k) => random.normal(k, [2, 2])],
    ["randint", (k) => random.randint(k, [4], 0, 9)],
    [
      "categorical",
      (k) =>
        random.categorical(
          k,
          tensor([
            [0, 1],
            [1, 0],
          ]),
        ),
    ],
    ["permutation", (k) => random.permutation(k, 5)],
    ["choice", (k) => random.choice(k, 5, [2], { replace: false })],
    ["weighted choice", (k) => random.choice(k, 3, [4], { p: tensor([1, 2, 3]) })],
    ["gamma", (k) => random.gamma(k, 0.7, [3])],
    ["dirichlet", (k) => random.dirichlet(k, tensor([1, 2]))],
    ["poisson", (k) => random.poisson(k, tensor([3, 30]))],
  ])("vmap over keys equals a loop: %s", async (_, f) => {
    const mapped = await vmap(f)(random.split(key, 3)).toArray();
    const looped = await together(random.keys(key, 3).map(f));
    expect(mapped).toEqual(looped);
  });

  it("vmap over seeds", async () => {
    const keys = await vmap(random.key)(tensor(Int32Array.of(1, 2))).toArray();
    expect(keys).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });

  it("one operator a block until it is written", () => {
    const nodes = compile((k: Tensor) => random.bits(k, [256])).lower(key);
    expect(nodes.cost.nodes).toBeLessThan(10);
    expect(nodes.nodes).toBeLessThan(132);
  });
});

describe("gradients", () => {
  it("pass through shift, scale and bounds", async () => {
    const z = await numbers(random.normal(key, [3]));
    const dScale = grad((s: Tensor) => random.normal(key, [3]).mul(s).sum())(tensor(2));
    expect(await dScale.item()).toBeCloseTo(
      z.reduce((a, b) => a + b, 0),
      5,
    );
    const u = await numbers(random.uniform(key, [3]));
    const dMax = grad((max: Tensor) => random.uniform(key, [3], { max }).sum())(tensor(2));
    expect(await dMax.item()).toBeCloseTo(
      u.reduce((a, b) => a + b, 0),
      5,
    );
  });

  it("by the shape of a gamma distribution is refused, not zero", () => {
    expect(() => grad((a: Tensor) => random.gamma(key, a))(tensor(2))).toThrow(GradientError);
  });
});

describe("finite", () => {
  it("where u is 0 or as near 1 as it gets", async () => {
    // Found by search: of its first 8192 draws, key 70 has one of 0 and key 87 one of 1 − 2^-23.
    const f = compile((k: Tensor) => {
      const u = random.uniform(k, [8192]);
      const finite = [random.normal, random.exponential, random.gumbel, random.laplace].map((d) =>
        d(k, [8192]).isFinite().all(),
      );
      return { finite, least: u.min(), most: u.max() };
    });
    const [low, high] = [await f(random.key(70)), await f(random.key(87))];
    expect(await low.least.item()).toBe(0);
    expect(await high.most.item()).toBe(1 - 2 ** -23);
    for (const t of [...low.finite, ...high.finite]) expect(await t.item()).toBe(1);
  });

  it("gamma of tiny and huge shapes; NaN where the shape is not positive", async () => {
    const [tiny, huge, zero, negative] = await numbers(random.gamma(key, tensor([1e-6, 1e8, 0, -1])));
    expect(tiny).toBeGreaterThanOrEqual(0);
    expect(huge! / 1e8).toBeCloseTo(1, 2);
    expect(zero).toBeNaN();
    expect(negative).toBeNaN();
  });

  it("empty shapes", async () => {
    expect(await random.normal(key, [0, 3]).toArray()).toEqual([]);
    expect(await random.permutation(key, tensor([])).toArray()).toEqual([]);
  });
});

describe("bad input", () => {
  const cases: [string, () => unknown, new (...args: never[]) => Error][] = [
    ["a seed with a fraction", () => random.key(1.5), OptionError],
    ["a seed too large", () => random.key(2 ** 60), OptionError],
    ["a float seed", () => random.key(tensor(1)), DtypeError],
    ["a list of seeds", () => random.key(tensor(Int32Array.of(1, 2))), ShapeError],
    ["a float key", () => random.normal(tensor([0, 1]), [2]), DtypeError],
    ["a number for a key", () => random.normal(3 as unknown as Tensor, [2]), DtypeError],
    ["several keys for one", () => random.normal(random.split(key, 2), [2]), ShapeError],
    ["a negative size", () => random.bits(key, [-1]), ShapeError],
    ["a size with a fraction", () => random.uniform(key, [1.5]), ShapeError],
    ["no keys", () => random.split(key, 0), OptionError],
    ["negative data", () => random.foldIn(key, -1), OptionError],
    ["float data", () => random.foldIn(key, tensor(1)), DtypeError],
    ["bounds the wrong way round", () => random.uniform(key, [1], { min: 1, max: 0 }), OptionError],
    ["an unknown option", () => random.uniform(key, [1], { low: 0 } as object), OptionError],
    ["an integer dtype", () => random.normal(key, [1], { dtype: "int32" } as object), DtypeError],
    ["an empty range", () => random.randint(key, [1], 3, 3), OptionError],
    ["a probability above 1", () => random.bernoulli(key, 1.5), OptionError],
    ["integer logits", () => random.categorical(key, tensor([1, 2], { dtype: "int32" })), DtypeError],
    [
      "logits that do not fit",
      () =>
        random.categorical(
          key,
          tensor([
            [1, 2],
            [3, 4],
          ]),
          { shape: [3] },
        ),
      ShapeError,
    ],
    ["an empty interval", () => random.truncatedNormal(key, 1, 1), OptionError],
    ["too many without replacement", () => random.choice(key, 3, [4], { replace: false }), OptionError],
    ["weights of another length", () => random.choice(key, 3, [1], { p: tensor([1, 2]) }), ShapeError],
    ["a permutation of nothing", () => random.permutation(key, 0), OptionError],
    ["a shape of 0", () => random.gamma(key, 0), OptionError],
    ["a scalar alpha", () => random.dirichlet(key, tensor(1)), ShapeError],
    ["a negative rate", () => random.poisson(key, -1), OptionError],
  ];
  it.each(cases)("%s", (_, f, type) => {
    expect(f).toThrow(type);
  });
});
