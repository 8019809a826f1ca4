import { describe, expect, it } from "vitest";
import { evaluate, grad, OptionError, random, softmax, tensor, type Tensor } from "../../index.js";
import { checkGradient } from "../../testing/gradient-check.js";
import {
  attentionLogits,
  attentionLoss,
  attentionOutput,
  attentionProbabilities,
  type AttentionWeights,
  combinedWeights,
  initAttention,
  linearHead,
  quadraticHead,
  randomAttention,
  reluHead,
  saturatedSoftmax,
  tokenScores,
} from "../index.js";

const [n, t, d] = [3, 4, 5];
const data = randomAttention(random.key(1), { sequences: n, tokens: t, size: d });
const doubles = async (x: Tensor): Promise<Float64Array> => (await x.data()) as Float64Array;

/** The closed form of dL/dW, in plain loops. */
async function closedForm(w: Tensor): Promise<Float64Array> {
  const s = await doubles(attentionProbabilities({ w }, data));
  const g = await doubles(tokenScores(data));
  const [x, z] = [await doubles(data.tokens), await doubles(data.queries)];
  const out = new Float64Array(d * d);
  for (let i = 0; i < n; i++) {
    const row = (list: Float64Array): number[] => Array.from(list.subarray(i * t, (i + 1) * t));
    const [si, gi] = [row(s), row(g)];
    const margin = si.reduce((sum, v, k) => sum + v * gi[k]!, 0);
    const slope = -1 / (1 + Math.exp(margin));
    for (let k = 0; k < t; k++) {
      const factor = (slope / n) * si[k]! * (gi[k]! - margin);
      for (let a = 0; a < d; a++)
        for (let b = 0; b < d; b++) out[a * d + b]! += factor * x[(i * t + k) * d + a]! * z[i * d + b]!;
    }
  }
  return out;
}

describe("the attention layer", () => {
  it("has logits xᵀ W z, the same for W and for K Qᵀ", async () => {
    const weights = initAttention(random.key(0), d, { parametrization: "KQ", headSize: 2 });
    const [w, x, z] = await Promise.all([combinedWeights(weights), data.tokens, data.queries].map(doubles));
    const logits = await doubles(attentionLogits(weights, data));
    const same = await doubles(attentionLogits({ w: combinedWeights(weights) }, data));
    for (let i = 0; i < n; i++)
      for (let k = 0; k < t; k++) {
        let want = 0;
        for (let a = 0; a < d; a++)
          for (let b = 0; b < d; b++) want += x![(i * t + k) * d + a]! * w![a * d + b]! * z![i * d + b]!;
        expect(logits[i * t + k]).toBeCloseTo(want, 12);
        expect(same[i * t + k]).toBeCloseTo(want, 12);
      }
  });

  it("has the closed-form gradient, in W and in K and Q", async () => {
    const weights = initAttention(random.key(3), d, { scale: 2 }) as { w: Tensor };
    const got = await doubles(grad((w: Tensor) => attentionLoss({ w }, data))(weights.w));
    const want = await closedForm(weights.w);
    got.forEach((v, j) => expect(Math.abs(v - want[j]!)).toBeLessThan(1e-14));

    const { k, q } = initAttention(random.key(4), d, { parametrization: "KQ" }) as { k: Tensor; q: Tensor };
    const dw = tensor(await closedForm(combinedWeights({ k, q })), { shape: [d, d] });
    const parts = grad((p: AttentionWeights) => attentionLoss(p, data))({ k, q }) as { k: Tensor; q: Tensor };
    for (const [mine, formula] of [
      [parts.k, dw.matmul(q)],
      [parts.q, dw.transpose().matmul(k)],
    ] as const) {
      const right = await doubles(formula);
      (await doubles(mine)).forEach((v, j) => expect(Math.abs(v - right[j]!)).toBeLessThan(1e-14));
    }
  });

  it("passes the gradient check with every head", async () => {
    const v = random.normal(random.key(9), [d, 3], { dtype: "float64" });
    for (const head of [reluHead(v), quadraticHead(data.head, 0.3), linearHead(data.head)])
      await checkGradient(
        (k, q) => attentionOutput({ k: k, q: q }, { ...data, head }),
        [
          random.normal(random.key(5), [d, 2], { dtype: "float64" }),
          random.normal(random.key(6), [d, 2], { dtype: "float64" }),
        ],
      );
  });

  it("does not see what all tokens of a sequence have in common", async () => {
    const weights = initAttention(random.key(0), d);
    const shifted = { ...data, tokens: data.tokens.add(tensor([1, -2, 3, 0, 1], { dtype: "float64" })) };
    const [a, b] = await Promise.all([data, shifted].map((x) => doubles(attentionProbabilities(weights, x))));
    a!.forEach((v, j) => expect(v).toBeCloseTo(b![j]!, 12));
  });

  it("has no gradient at K = Q = 0, and none for K at Q = 0", async () => {
    const at = async (k: number, q: number): Promise<number[]> => {
      const scaled = (factor: number): Tensor =>
        random.normal(random.key(2), [d, d], { dtype: "float64" }).mul(factor);
      const g = grad((p: AttentionWeights) => attentionLoss(p, data))({ k: scaled(k), q: scaled(q) });
      return Promise.all(
        Object.values(g as Record<string, Tensor>).map(async (x) => Math.hypot(...(await doubles(x)))),
      );
    };
    expect(await at(0, 0)).toEqual([0, 0]);
    const [gk, gq] = await at(1, 0);
    expect(gk).toBe(0);
    expect(gq).toBeGreaterThan(1e-3);
  });

  it("obeys a mask", async () => {
    const mask = tensor([
      [true, false, true, true],
      [false, true, true, false],
      [true, false, false, false],
    ]);
    const s = await doubles(attentionProbabilities(initAttention(random.key(0), d), { ...data, mask }));
    const open = ((await mask.toArray()) as boolean[][]).flat();
    s.forEach((v, j) => expect(v > 0).toBe(open[j]));
    expect(s[8]).toBe(1);
  });

  it("refuses bad options", () => {
    expect(() => initAttention(random.key(0), d, { parametrization: "V" as never })).toThrow(OptionError);
    expect(() => initAttention(random.key(0), 0)).toThrow("size");
    expect(() => randomAttention(random.key(0), { sequences: 1, tokens: 1, size: 1 })).toThrow("tokens");
    expect(() => saturatedSoftmax(tensor([1, 2]), { scale: 1 } as never)).toThrow('option "scale"');
  });
});

describe("saturatedSoftmax", () => {
  const slope = (f: (x: Tensor) => Tensor, logits: number[]): Promise<Float64Array> =>
    doubles(
      grad((x: Tensor) =>
        f(x)
          .mul(tensor([1, 2, 5], { dtype: "float64" }))
          .sum(),
      )(tensor(logits, { dtype: "float64" })),
    );

  it("is softmax, with its gradient where nothing saturates", async () => {
    const logits = tensor([[0.3, -1, 2]], { dtype: "float64" });
    expect(await saturatedSoftmax(logits).toArray()).toEqual(await softmax(logits).toArray());
    const [a, b] = [await slope(softmax, [0.3, -1, 2]), await slope(saturatedSoftmax, [0.3, -1, 2])];
    a.forEach((v, j) => expect(b[j]).toBeCloseTo(v, 14));
    await checkGradient((x) => saturatedSoftmax(x), [[[0.3, -1, 2, 0]]]);
  });

  it("keeps its digits when one probability is 1", async () => {
    const e = Math.exp(-50);
    const got = await slope(saturatedSoftmax, [0, -50, -60]);
    const want = [e * (1 - 2) + Math.exp(-60) * (1 - 5), e * (2 - 1), Math.exp(-60) * (5 - 1)];
    want.forEach((v, j) => expect(got[j]! / v).toBeCloseTo(1, 10));
    // The usual rule loses the first one altogether.
    expect((await slope(softmax, [0, -50, -60]))[0]! / want[0]!).not.toBeCloseTo(1, 1);
    expect(await slope(saturatedSoftmax, [0, -2000, -3000])).toEqual(Float64Array.from([0, 0, 0]));
  });

  it("rescales beyond the smallest number", async () => {
    const f = (x: Tensor): Tensor => saturatedSoftmax(x, { rescale: true });
    const extreme = await slope(f, [0, -2000, -3000]);
    [-1, 1, 0].forEach((v, j) => expect(extreme[j]).toBeCloseTo(v, 12));
    const [a, b] = [await slope(saturatedSoftmax, [1, 0, -1]), await slope(f, [1, 0, -1])];
    const factor = b[1]! / a[1]!;
    expect(factor).toBeGreaterThan(1);
    a.forEach((v, j) => expect(b[j]).toBeCloseTo(v * factor, 12));
    const [alone] = await evaluate([grad((x: Tensor) => f(x).sum())(tensor([[3]], { dtype: "float64" }))]);
    expect(await alone.toArray()).toEqual([[0]]);
  });
});
