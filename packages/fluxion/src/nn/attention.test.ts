import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { take } from "../ops/gather.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import { mergeHeads, selfAttention, splitHeads } from "./attention.js";

const [n, d, heads] = [5, 6, 2];
const model = selfAttention(d, heads);
const params = model.init(key(4));
const x = genericTensor([2, n, d], 5, "float32");
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const close = (got: readonly number[], want: readonly number[]): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
};

/** Query by query and head by head, in double. */
async function naive(causal: boolean): Promise<number[]> {
  const [w, v, rows] = await Promise.all([params.qkv.weight, params.out.weight, x].map(numbers));
  const e = d / heads;
  const out: number[] = [];
  for (let b = 0; b < 2; b++) {
    const qkv = Array.from({ length: n }, (_, i) =>
      Array.from({ length: 3 * d }, (_, j) =>
        Array.from({ length: d }, (_, k) => rows![(b * n + i) * d + k]! * w![k * 3 * d + j]!).reduce(
          (p, q) => p + q,
        ),
      ),
    );
    for (let i = 0; i < n; i++) {
      const mixed: number[] = [];
      for (let h = 0; h < heads; h++) {
        const part = (row: number[], which: number): number[] =>
          row.slice(which * d + h * e, which * d + (h + 1) * e);
        const q = part(qkv[i]!, 0);
        const seen = causal ? qkv.slice(0, i + 1) : qkv;
        const scores = seen.map((row) =>
          Math.exp(part(row, 1).reduce((sum, k, c) => sum + k * q[c]!, 0) / Math.sqrt(e)),
        );
        const total = scores.reduce((p, s) => p + s);
        for (let c = 0; c < e; c++)
          mixed.push(seen.reduce((sum, row, j) => sum + (scores[j]! / total) * part(row, 2)[c]!, 0));
      }
      for (let j = 0; j < d; j++) out.push(mixed.reduce((sum, m, k) => sum + m * v![k * d + j]!, 0));
    }
  }
  return out;
}

it("equals attention computed query by query, also causal", async () => {
  close(await numbers(model.apply(params, x)), await naive(false));
  close(await numbers(model.apply(params, x, { causal: true })), await naive(true));
});

it("permutes its output with its input, unless it is causal", async () => {
  const order = [3, 0, 4, 1, 2];
  const shuffled = model.apply(params, take(x, order, 1));
  close(await numbers(shuffled), await numbers(take(model.apply(params, x), order, 1)));
  const causal = await numbers(model.apply(params, take(x, order, 1), { causal: true }));
  expect(causal).not.toEqual(await numbers(take(model.apply(params, x, { causal: true }), order, 1)));
});

it("masks keys", async () => {
  const mask = tensor([[true, true, true, false, false]]);
  const other = x.add(tensor([0, 0, 0, 9, 9]).reshape([1, n, 1]));
  const [a, b] = await Promise.all([x, other].map((y) => numbers(model.apply(params, y, { mask }))));
  close(a!.slice(0, 3 * d), b!.slice(0, 3 * d));
});

it("splits and merges heads", async () => {
  expect(splitHeads(x, 3).shape).toEqual([2, 3, n, 2]);
  expect(await numbers(mergeHeads(splitHeads(x, 3)))).toEqual(await numbers(x));
});

it("has the gradient of its values", async () => {
  const wide = { qkv: params.qkv.weight.cast("float64"), out: params.out.weight.cast("float64") };
  await checkGradient(
    (y, qkv, out) => model.apply({ qkv: { weight: qkv }, out: { weight: out } }, y),
    [genericTensor([1, 3, d], 1), wide.qkv, wide.out],
    { second: false },
  );
});

it("refuses what does not fit", () => {
  expect(() => selfAttention(6, 4)).toThrow(OptionError);
  expect(() => selfAttention(6, 0)).toThrow(OptionError);
  expect(() => model.apply(params, x, { casual: true } as never)).toThrow(OptionError);
});
