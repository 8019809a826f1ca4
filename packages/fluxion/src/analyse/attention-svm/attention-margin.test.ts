import { describe, expect, it } from "vitest";
import { random, tensor, type Tensor } from "../../index.js";
import { thinSvd } from "../../ops/linalg/decompose.js";
import { quadprogLeastDistance } from "../../testing/quadratic-program.js";
import {
  type AttentionData,
  attentionMargin,
  correlation,
  generalizedMargin,
  type MarginNorm,
  randomAttention,
  tokenOptimality,
} from "../index.js";

const doubles = async (x: Tensor): Promise<Float64Array> => (await x.data()) as Float64Array;
const norms = ["frobenius", "nuclear"] as const satisfies MarginNorm[];

/** Rows vec((x_α − x_t) zᵀ) in full, as the paper writes them. */
async function rowsOf(data: AttentionData, selected: readonly number[]): Promise<number[][]> {
  const [n, t, d] = data.tokens.shape as [number, number, number];
  const [x, z] = [await doubles(data.tokens), await doubles(data.queries)];
  return Array.from({ length: n * t }, (_, k) => [Math.floor(k / t), k % t] as const)
    .filter(([i, k]) => k !== selected[i])
    .map(([i, k]) =>
      Array.from({ length: d * d }, (_, j) => {
        const [a, b] = [Math.floor(j / d), j % d];
        return (x[(i * t + selected[i]!) * d + a]! - x[(i * t + k) * d + a]!) * z[i * d + b]!;
      }),
    );
}

describe("attentionMargin", () => {
  const problems = [
    { sequences: 6, tokens: 8, size: 10, selected: [0, 3, 7, 2, 2, 5] },
    { sequences: 2, tokens: 3, size: 9, selected: [0, 2] },
    { sequences: 5, tokens: 4, size: 4, selected: [0, 1, 2, 3, 0] },
  ];

  it.each(problems)("solves the problem of $sequences x $tokens tokens in $size dimensions", async (size) => {
    const { selected, ...shape } = size;
    const [n, d] = [shape.sequences, shape.size];
    const data = randomAttention(random.key(3), { ...shape });
    const rows = await rowsOf(data, selected);
    const product = (w: Float64Array): number[] =>
      rows.map((row) => row.reduce((sum, v, j) => sum + v * w[j]!, 0));
    const fro = await attentionMargin(data, selected);
    const nuc = await attentionMargin(data, selected, { norm: "nuclear" });
    const singular = (x: Float64Array): Float64Array => thinSvd(x, d, d).s;
    const total = (list: Float64Array): number => list.reduce((a, b) => a + b, 0);

    // The Frobenius solution is quadprog's.
    const want = quadprogLeastDistance(
      rows,
      rows.map(() => 1),
      new Array<number>(d * d).fill(0),
    )!;
    want.forEach((v, j) => expect(fro.x.data[j]).toBeCloseTo(v, 9));
    // Its conditions of optimality: W = Σ λ (x_α − x_t) zᵀ, λ ≥ 0, Σ λ = ‖W‖².
    const inner = fro.multipliers.data.filter(
      (_, k) => k % shape.tokens !== selected[Math.floor(k / shape.tokens)],
    );
    want.forEach((_, j) =>
      expect(rows.reduce((sum, row, k) => sum + inner[k]! * row[j]!, 0)).toBeCloseTo(fro.x.data[j]!, 9),
    );
    expect(Math.min(...inner)).toBeGreaterThanOrEqual(0);
    expect(total(fro.multipliers.data)).toBeCloseTo(fro.size ** 2, 8);
    expect(fro.gap).toBeLessThan(1e-9);

    // The nuclear solution's certificate.
    for (const margin of [fro, nuc]) {
      expect(margin.status).toBe("converged");
      expect(Math.min(...product(margin.x.data))).toBeCloseTo(1, 8);
      expect(margin.rank).toBeLessThanOrEqual(Math.min(n, d));
    }
    expect(nuc.gap).toBeLessThan(1e-6);
    expect(total(nuc.multipliers.data) / nuc.size).toBeCloseTo(1, 6);
    expect(total(singular(nuc.x.data))).toBeCloseTo(nuc.size, 8);
    expect(nuc.size).toBeLessThanOrEqual(total(singular(fro.x.data)) + 1e-9);
    expect(fro.size).toBeLessThanOrEqual(Math.hypot(...nuc.x.data) + 1e-9);

    // Rows of W lie in the span of the queries: beside these they add no direction.
    const queries = await doubles(data.queries);
    for (const { x } of n < d ? [fro, nuc] : []) {
      const { s } = thinSvd(Float64Array.from([...queries, ...x.data]), n + d, d);
      expect(s[n]! / s[n - 1]!).toBeLessThan(1e-9);
    }
  });

  it.each(norms)("knows the closed form of two tokens (%s)", async (norm) => {
    const data = {
      tokens: tensor(
        [
          [
            [1, 2, 0],
            [0, 0, 2],
          ],
        ],
        { dtype: "float64" },
      ),
      queries: tensor([[0, 3, 4]], { dtype: "float64" }),
    };
    const { x, size, rank, neighbours } = await attentionMargin(data, [0], { norm });
    const [a, z] = [
      [1, 2, -2],
      [0, 3, 4],
    ];
    a.forEach((v, i) => z.forEach((w, j) => expect(x.data[i * 3 + j]).toBeCloseTo((v * w) / (9 * 25), 8)));
    expect(size).toBeCloseTo(1 / 15, 8);
    expect([rank, neighbours]).toEqual([1, [{ sequence: 0, over: 0, under: 1 }]]);
  });

  it.each(norms)("scales inversely with the tokens, and reads float32 (%s)", async (norm) => {
    const data = randomAttention(random.key(8), { sequences: 3, tokens: 4, size: 5 });
    const one = await attentionMargin(data, [0, 1, 2], { norm });
    const three = await attentionMargin({ ...data, tokens: data.tokens.mul(3) }, [0, 1, 2], { norm });
    one.x.data.forEach((v, j) => expect(three.x.data[j]! * 3).toBeCloseTo(v, 6));
    const single = { tokens: data.tokens.cast("float32"), queries: data.queries.cast("float32") };
    expect(correlation((await attentionMargin(single, [0, 1, 2], { norm })).x, one.x)).toBeGreaterThan(
      0.999999,
    );
  });

  it("leaves masked tokens out", async () => {
    const data = randomAttention(random.key(2), { sequences: 2, tokens: 4, size: 6 });
    const mask = tensor([
      [true, true, true, false],
      [true, true, true, false],
    ]);
    const short = { tokens: data.tokens.slice(null, [0, 3]), queries: data.queries };
    const [a, b] = await Promise.all([
      attentionMargin({ ...data, mask }, [0, 2]),
      attentionMargin(short, [0, 2]),
    ]);
    a.x.data.forEach((v, j) => expect(v).toBeCloseTo(b.x.data[j]!, 10));
    await expect(attentionMargin({ ...data, mask }, [0, 3])).rejects.toThrow("selected[1]");
  });

  it("says that a copy of the selected token cannot be beaten, nor too many tokens in too few dimensions", async () => {
    const tokens = tensor(
      [
        [
          [1, 0],
          [1, 0],
          [0, 1],
        ],
      ],
      { dtype: "float64" },
    );
    const queries = tensor([[1, 1]], { dtype: "float64" });
    for (const norm of norms) {
      const copied = await attentionMargin({ tokens, queries }, [0], { norm });
      expect([copied.status, copied.neighbours]).toEqual(["infeasible", []]);
    }
    const inside = tensor(
      [
        [
          [0, 0],
          [1, 0],
          [-1, 1],
          [-1, -1],
        ],
      ],
      { dtype: "float64" },
    );
    expect((await attentionMargin({ tokens: inside, queries }, [0])).status).toBe("infeasible");
  });

  it("refuses what does not fit", async () => {
    const data = randomAttention(random.key(0), { sequences: 2, tokens: 3, size: 4 });
    await expect(attentionMargin(data, [0])).rejects.toThrow("each of 2 sequences");
    await expect(attentionMargin(data, [0, 3])).rejects.toThrow("selected[1]");
    await expect(attentionMargin(data, [0, []])).rejects.toThrow("selected[1]");
    await expect(attentionMargin(data, [0, [1, 1]])).rejects.toThrow("distinct");
    await expect(attentionMargin(data, [0, 1], { norm: "l1" as never })).rejects.toThrow("frobenius");
    await expect(attentionMargin({ ...data, queries: data.queries.slice(0) }, [0, 1])).rejects.toThrow(
      "queries",
    );
    const bad = { ...data, tokens: data.tokens.mul(NaN) };
    await expect(attentionMargin(bad, [0, 1])).rejects.toThrow("finite numbers, got NaN at element 0");
    const integers = { ...data, tokens: data.tokens.cast("int32") };
    await expect(attentionMargin(integers, [0, 1])).rejects.toThrow("floats");
  });
});

describe("tokenOptimality", () => {
  it("tells global from local optima by the neighbours", async () => {
    const data = {
      tokens: tensor(
        [
          [
            [1, 0],
            [0, 0],
            [-5, 0],
          ],
        ],
        { dtype: "float64" },
      ),
      queries: tensor([[1, 0]], { dtype: "float64" }),
    };
    // Token 1 is the neighbour of 0, token 2 lies far behind it.
    const margin = await attentionMargin(data, [0]);
    expect(margin.neighbours.map((p) => p.under)).toEqual([1]);
    const kind = (scores: number[]): string =>
      tokenOptimality({ data: Float64Array.from(scores), shape: [1, 3] }, [0], margin).kind;
    expect([kind([3, 2, 1]), kind([2, 1, 3]), kind([1, 2, 0])]).toEqual(["global", "local", "none"]);
    expect(() => tokenOptimality({ data: new Float64Array(2), shape: [1, 2] }, [0], margin)).toThrow(
      "[1, 3]",
    );
    const none = await attentionMargin({ ...data, tokens: data.tokens.mul(0) }, [0]);
    const scores = { data: new Float64Array(3), shape: [1, 3] };
    expect(() => tokenOptimality(scores, [0], none)).toThrow("infeasible");
  });
});

describe("generalizedMargin", () => {
  const data = randomAttention(random.key(4), { sequences: 2, tokens: 4, size: 6 });
  const s = { data: Float64Array.from([0.6, 0.4, 0, 0, 0, 0, 1, 0]), shape: [2, 4] };

  it.each(norms)("gives the ratios of probability and separates the rest (%s)", async (norm) => {
    const { selected, direction, finite, fit } = await generalizedMargin(data, s, { norm });
    expect(selected).toEqual([[0, 1], [2]]);
    const [x, z] = [await doubles(data.tokens), await doubles(data.queries)];
    const logits = (w: Float64Array): number[] =>
      Array.from({ length: 8 }, (_, k) => {
        let sum = 0;
        const i = Math.floor(k / 4);
        for (let a = 0; a < 6; a++)
          for (let b = 0; b < 6; b++) sum += x[k * 6 + a]! * w[a * 6 + b]! * z[i * 6 + b]!;
        return sum;
      });
    const dir = logits(direction.x.data);
    expect(dir[0]! - dir[1]!).toBeCloseTo(0, 7);
    for (const under of [2, 3]) expect(dir[0]! - dir[under]!).toBeGreaterThan(1 - 1e-8);
    for (const under of [4, 5, 7]) expect(dir[6]! - dir[under]!).toBeGreaterThan(1 - 1e-8);
    const fin = logits(finite.x.data);
    expect(fin[0]! - fin[1]!).toBeCloseTo(Math.log(0.6 / 0.4), 7);
    const combined = { data: finite.x.data.map((v, j) => v + 7 * direction.x.data[j]!), shape: [6, 6] };
    expect(fit(combined).scale).toBeCloseTo(7, 6);
    expect(correlation(fit(combined).x, combined)).toBeCloseTo(1, 10);
    expect(() => fit({ data: new Float64Array(4), shape: [2, 2] })).toThrow("[6, 6]");
  });

  it("is the one-token problem where one token is selected", async () => {
    const one = { data: Float64Array.from([1, 0, 0, 0, 0, 0, 1, 0]), shape: [2, 4] };
    const { direction, finite } = await generalizedMargin(data, one);
    expect(direction.x.data).toEqual((await attentionMargin(data, [0, 2])).x.data);
    expect([finite.size, finite.status]).toEqual([0, "converged"]);
  });

  it("refuses what does not fit", async () => {
    await expect(generalizedMargin(data, { ...s, shape: [4, 2] })).rejects.toThrow("probabilities");
    await expect(generalizedMargin(data, s, { atLeast: 0 })).rejects.toThrow("atLeast");
    await expect(generalizedMargin(data, s, { hi: 1 } as never)).rejects.toThrow('option "hi"');
    const nothing = { data: new Float64Array(8), shape: [2, 4] };
    await expect(generalizedMargin(data, nothing)).rejects.toThrow("selected[0]");
  });
});
