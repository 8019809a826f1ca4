import { describe, expect, it } from "vitest";
import { grad, OptionError, tensor, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { embedding, gridPositions, sinusoidal } from "./embedding.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const close = (got: readonly number[], want: readonly number[], digits = 5): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, digits));
};

describe("sinusoidal", () => {
  it("is sin and cos of geometric frequencies", async () => {
    const [t, frequencies] = [
      [0, 0.3, 1],
      [1, 10, 100],
    ];
    const want = t.flatMap((s) => [
      ...frequencies.map((f) => Math.sin(f * s)),
      ...frequencies.map((f) => Math.cos(f * s)),
    ]);
    close(await numbers(sinusoidal(tensor(t), 6, { max: 100 })), want, 4);
    close(
      await numbers(sinusoidal(tensor(t), 2, { min: 2 })),
      t.flatMap((s) => [Math.sin(2 * s), Math.cos(2 * s)]),
    );
  });

  it("has vectors of one length, whatever the time", async () => {
    const f = sinusoidal(tensor([0, 0.2, 0.77, 1]), 32);
    close(await numbers(f.square().sum(1)), [16, 16, 16, 16], 4);
  });

  it("refuses odd sizes, wrong frequencies, unknown options", () => {
    const t = tensor([0]);
    expect(() => sinusoidal(t, 5)).toThrow(OptionError);
    expect(() => sinusoidal(t, 0)).toThrow(OptionError);
    expect(() => sinusoidal(t, 4, { min: 0 })).toThrow(OptionError);
    expect(() => sinusoidal(t, 4, { max: Infinity })).toThrow(OptionError);
    expect(() => sinusoidal(t, 4, { maximum: 3 } as never)).toThrow(OptionError);
  });
});

describe("embedding", () => {
  it("gives the rows of its table, the null class last", async () => {
    const model = embedding(2, 3, { nullClass: true });
    expect(model.init(key(0)).table.shape).toEqual([3, 3]);
    const table = tensor([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    const index = tensor([[2, 0]], { dtype: "int32" });
    const rows = model.apply({ table }, index);
    expect(rows.shape).toEqual([1, 2, 3]);
    expect(await numbers(rows)).toEqual([7, 8, 9, 1, 2, 3]);
    expect(embedding(2, 3).init(key(0)).table.shape).toEqual([2, 3]);
  });

  it("sends gradients to the rows it read, as often as it read them", async () => {
    const model = embedding(3, 2);
    const index = tensor([1, 1, 0], { dtype: "int32" });
    const g = grad((p: { table: Tensor }) => model.apply(p, index).sum())(model.init(key(1)));
    expect(await numbers(g.table)).toEqual([1, 1, 2, 2, 0, 0]);
  });

  it("starts with the standard deviation asked for", async () => {
    const { table } = embedding(100, 50, { std: 0.5 }).init(key(2));
    expect(await table.square().mean().item()).toBeCloseTo(0.25, 1);
    expect(() => embedding(0, 2)).toThrow(OptionError);
    expect(() => embedding(2, 2, { null: true } as never)).toThrow(OptionError);
  });
});

describe("gridPositions", () => {
  it("is sin and cos of the row, then of the column", async () => {
    const got = await numbers(gridPositions(2, 3, 8));
    const f = [1, 1 / 100];
    const at = (p: number): number[] => [...f.map((w) => Math.sin(p * w)), ...f.map((w) => Math.cos(p * w))];
    const want = [0, 1].flatMap((r) => [0, 1, 2].flatMap((c) => [...at(r), ...at(c)]));
    close(got, want, 6);
  });

  it("tells all cells apart and refuses sizes without quarters", async () => {
    const rows = await numbers(gridPositions(7, 7, 16));
    const cells = Array.from({ length: 49 }, (_, i) => rows.slice(16 * i, 16 * i + 16).join());
    expect(new Set(cells).size).toBe(49);
    expect(() => gridPositions(2, 2, 6)).toThrow(OptionError);
    expect(() => gridPositions(0, 2, 8)).toThrow(OptionError);
  });
});
