import { describe, expect, it } from "vitest";
import {
  concat,
  evaluate,
  OptionError,
  ShapeError,
  softmax,
  tensor,
  treeMap,
  treePaths,
  valueAndGrad,
  type Tensor,
} from "../index.js";
import { key } from "../core/random/index.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import {
  jointBlock,
  type JointBlockOptions,
  type JointBlockParams,
  type StreamParams,
} from "./joint-block.js";
import { mmDit, type MmDitParams } from "./mmdit.js";
import { textMmDit } from "./text-mmdit.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const close = async (a: Tensor, b: Tensor, tolerance = 1e-5): Promise<void> => {
  expect(await a.sub(b).abs().max().item()).toBeLessThan(tolerance);
};
/** Weights that no layer's zeros hide. */
const shaken = <T>(params: T, size = 0.5): T =>
  treeMap((p: Tensor) => genericTensor(p.shape, p.size, "float32").mul(size), params as never);
const order = (t: Tensor, axis: number, indices: number[]): Tensor =>
  t.take(tensor(indices, { dtype: "int32" }), axis);

const sizes: JointBlockOptions = { width: 8, heads: 2, expansion: 2 };
const streams = {
  image: genericTensor([2, 5, 8], 1, "float32"),
  context: genericTensor([2, 3, 8], 2, "float32"),
};
const active = genericTensor([2, 8], 3, "float32");

describe("jointBlock", () => {
  it("begins as the identity on both streams", async () => {
    const block = jointBlock(sizes);
    const end = block.apply(block.init(key(0)), streams, active);
    await close(end.image, streams.image, 1e-12);
    await close(end.context, streams.context, 1e-12);
  });

  it("knows no order: permuted tokens give permuted tokens, in either stream, and the same in the other", async () => {
    const block = jointBlock(sizes);
    const params = shaken(block.init(key(0)));
    const end = block.apply(params, streams, active);
    const words = block.apply(params, { ...streams, context: order(streams.context, 1, [2, 0, 1]) }, active);
    await close(words.image, end.image);
    await close(words.context, order(end.context, 1, [2, 0, 1]));
    const turned = [4, 2, 0, 1, 3];
    const patches = block.apply(params, { ...streams, image: order(streams.image, 1, turned) }, active);
    await close(patches.image, order(end.image, 1, turned));
    await close(patches.context, end.context);
  });

  it("with shared weights is one block on the tokens of both in a row", async () => {
    const block = jointBlock({ ...sizes, streams: "shared" });
    const params = shaken(block.init(key(0)));
    expect(params.context).toBeUndefined();
    const { image, context } = block.apply(params, streams, active);
    const all = concat([streams.context, streams.image], 1);
    // The same with all tokens in the image, but one that stands in for the context as well.
    const one = block.apply(params, { image: all.narrow(1, 1, 8), context: all.narrow(1, 0, 1) }, active);
    await close(concat([one.context, one.image], 1), concat([context, image], 1));
    const both = jointBlock(sizes);
    await close(
      both.apply({ image: params.image, context: params.image }, streams, active).image,
      image,
      1e-9,
    );
  });

  it("takes from the context only, when it is the last", async () => {
    const block = jointBlock({ ...sizes, last: true });
    const params = block.init(key(0));
    expect(Object.keys(params.context!).sort()).toEqual(["modulation", "norm", "qkv"]);
    expect(params.context!.modulation.weight.shape).toEqual([8, 16]);
    const loud = shaken(params);
    const end = block.apply(loud, streams, active);
    expect(end.context).toBe(streams.context);
    const other = block.apply(loud, { ...streams, context: streams.context.mul(-1) }, active);
    expect(await end.image.sub(other.image).abs().max().item()).toBeGreaterThan(1e-3);
  });

  it("QK normalisation bounds the logits: larger projections change nothing, and without it they saturate", async () => {
    const louder = (stream: StreamParams): StreamParams => {
      const { weight } = stream.qkv;
      const factor = tensor(Float32Array.from({ length: 24 }, (_, i) => (i < 16 ? 100 : 1)));
      return { ...stream, qkv: { weight: weight.mul(factor) } };
    };
    const change = async (qkNorm: "rms" | "layer" | "none"): Promise<number> => {
      const block = jointBlock({ ...sizes, qkNorm });
      const plain = shaken(block.init(key(0)));
      const quiet = (s: StreamParams): StreamParams => ({ ...s, qkv: { weight: s.qkv.weight } });
      const params: JointBlockParams = { image: quiet(plain.image), context: quiet(plain.context!) };
      const loud = { image: louder(params.image), context: louder(params.context!) };
      const [a, b] = [params, loud].map((p) => block.apply(p, streams, active).image);
      return a!.sub(b!).abs().max().item();
    };
    expect(await change("rms")).toBeLessThan(1e-4);
    expect(await change("layer")).toBeLessThan(1e-4);
    expect(await change("none")).toBeGreaterThan(1e-2);
    // Logits that are a hundred times as far apart leave no entropy.
    const logits = genericTensor([1, 8], 4, "float32").mul(100);
    const p = softmax(logits.mul(100));
    expect(await p.mul(p.add(1e-30).log()).sum().neg().item()).toBeLessThan(1e-3);
  });

  it("refuses what does not fit", () => {
    for (const wrong of [{ heads: 3 }, { qkNorm: "batch" }, { streams: "three" }, { depth: 1 }, { width: 0 }])
      expect(() => jointBlock({ ...sizes, ...(wrong as object) }), JSON.stringify(wrong)).toThrow(
        OptionError,
      );
  });
});

const options = {
  ...{ image: [1, 4, 6] as const, patch: 2, width: 8, depth: 2, heads: 2, expansion: 2, timeFeatures: 8 },
  ...{ contextSize: 5, pooledSize: 3 },
};
const x = genericTensor([2, 1, 4, 6], 1, "float32");
const t = tensor([0.2, 0.9]);
const cond = { context: genericTensor([2, 3, 5], 5, "float32"), pooled: genericTensor([2, 3], 6, "float32") };

describe("mmDit", { timeout: 30_000 }, () => {
  it("starts at zero, whatever the depth", async () => {
    for (const depth of [1, 3]) {
      const net = mmDit({ ...options, depth });
      const out = net.apply(net.init(key(0)), x, t, cond);
      expect(out.shape).toEqual(x.shape);
      expect((await numbers(out)).every((v) => v === 0)).toBe(true);
    }
  });

  it("does not mind the order of the context, and uses it, the pooled context and the time", async () => {
    const net = mmDit(options);
    const params = shaken(net.init(key(0)));
    const out = net.apply(params, x, t, cond);
    await close(net.apply(params, x, t, { ...cond, context: order(cond.context, 1, [1, 2, 0]) }), out);
    const others = [
      net.apply(params, x, t, { ...cond, context: cond.context.mul(2) }),
      net.apply(params, x, t, { ...cond, pooled: cond.pooled.mul(2) }),
      net.apply(params, x, t.mul(0.5), cond),
    ];
    for (const other of others) expect(await other.sub(out).abs().max().item()).toBeGreaterThan(1e-3);
  });

  it("reaches every parameter with a finite gradient", async () => {
    const net = mmDit(options);
    const [, g] = valueAndGrad((p: MmDitParams) => net.apply(p, x, t, cond).square().sum())(
      shaken(net.init(key(0))),
    );
    const parts = treePaths(g).map(({ path, leaf }) => ({ path, size: leaf.abs().max() }));
    await evaluate(parts.map(({ size }) => size));
    for (const { path, size } of parts) {
      expect(await size.item(), path).toBeGreaterThan(0);
      expect(await size.item(), path).toBeLessThan(Infinity);
    }
  });

  it("has the gradient of its values along image, context and parameters", async () => {
    const net = mmDit(options);
    const params = shaken(net.init(key(0)));
    const along = treeMap((p: Tensor) => genericTensor(p.shape, p.size), params);
    await checkGradient(
      (image, context, s) => {
        const moved = treeMap((p: Tensor, v: Tensor) => p.cast("float64").add(v.mul(s)), params, along);
        const pooled = cond.pooled.cast("float64");
        return net.apply(moved as MmDitParams, image, t.cast("float64"), { context, pooled });
      },
      [x.cast("float64"), cond.context.cast("float64"), [0.1]],
      // Gelu has no kernel in double.
      { second: false, engine: "interpreter" },
    );
  });

  it("refuses what does not fit", () => {
    for (const wrong of [{ patch: 3 }, { width: 6 }, { depth: 0 }, { timeFeatures: 7 }, { last: true }])
      expect(() => mmDit({ ...options, ...(wrong as object) }), JSON.stringify(wrong)).toThrow(OptionError);
    const net = mmDit(options);
    const params = net.init(key(0));
    expect(() => net.apply(params, x.transpose([0, 1, 3, 2]), t, cond)).toThrow(ShapeError);
    expect(() => net.apply(params, x, t, { ...cond, context: cond.pooled })).toThrow(ShapeError);
    expect(() => net.apply(params, x, t, { ...cond, pooled: cond.pooled.narrow(1, 0, 2) })).toThrow(
      ShapeError,
    );
  });
});

describe("textMmDit", () => {
  const text = {
    image: [1, 4, 6] as const,
    width: 8,
    depth: 2,
    heads: 2,
    vocabulary: 6,
    length: 3,
    timeFeatures: 8,
  };
  const tokens = (rows: number[][]): Tensor => tensor(rows, { dtype: "int32" });

  it("tells texts apart by words and their order; a text of padding stands for none", async () => {
    const net = textMmDit(text);
    const params = shaken(net.init(key(0)));
    const of = (...rows: number[][]): Promise<number[]> => numbers(net.apply(params, x, t, tokens(rows)));
    const base = await of([1, 2, 3], [0, 0, 0]);
    expect(base.every(Number.isFinite)).toBe(true);
    const other = await of([2, 1, 3], [0, 0, 0]);
    expect(other.slice(0, 24)).not.toEqual(base.slice(0, 24));
    other.slice(24).forEach((v, i) => expect(v).toBeCloseTo(base[24 + i]!, 5));
  });

  it("wants a text for every example", () => {
    const net = textMmDit(text);
    const params = net.init(key(0));
    expect(() => net.apply(params, x, t)).toThrow(OptionError);
    expect(() => net.apply(params, x, t, tokens([[1, 2, 3]]))).toThrow(OptionError);
    expect(() => textMmDit({ ...text, length: 0 })).toThrow(OptionError);
  });
});
