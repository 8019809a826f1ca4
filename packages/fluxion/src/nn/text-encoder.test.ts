import { describe, expect, it } from "vitest";
import { key } from "../core/random/index.js";
import { tensor } from "../core/tensor.js";
import { add } from "../ops/arithmetic.js";
import { checkGradient } from "../testing/gradient-check.js";
import { textEncoder } from "./text-encoder.js";

const ints = (rows: number[][]) => tensor(rows, { dtype: "int32" });

describe("textEncoder", () => {
  const net = textEncoder({ vocabulary: 6, length: 3, width: 4 });
  const params = net.init(key(0));
  const of = async (...rows: number[][]) => (await net.apply(params, ints(rows)).toArray()) as number[][];

  it("tells words and their order apart, and passes over what is in the place of padding", async () => {
    const [a, b, c] = await of([1, 2, 0], [2, 1, 0], [1, 3, 0]);
    expect(a).toHaveLength(4);
    expect(a).not.toEqual(b);
    expect(a).not.toEqual(c);
    const moved = {
      ...params,
      tokens: { table: add(params.tokens.table, tensor([[9], [0], [0], [0], [0], [0]])) },
    };
    const after = (await net.apply(moved, ints([[1, 2, 0]])).toArray()) as number[][];
    after[0]!.forEach((v, i) => expect(v).toBeCloseTo(a![i]!, 5));
  });

  it("gives a constant for no text, and the same in any batch", async () => {
    const [none, one] = await of([0, 0, 0], [4, 0, 0]);
    expect(none!.every(Number.isFinite)).toBe(true);
    for (const [row, want] of [
      [[4, 0, 0], one],
      [[0, 0, 0], none],
    ] as const)
      (await of([...row]))[0]!.forEach((v, i) => expect(v).toBeCloseTo(want![i]!, 5));
  });

  it("has the gradient of its values", async () => {
    const { tokens, positions, hidden, output } = params;
    const values = await Promise.all(
      [tokens.table, positions, hidden.weight, output.weight].map((t) => t.toArray()),
    );
    await checkGradient(
      (table, places, w1, w2) =>
        net.apply(
          { tokens: { table: table }, positions: places, hidden: { weight: w1 }, output: { weight: w2 } },
          ints([
            [1, 2, 0],
            [5, 5, 3],
          ]),
        ),
      values as number[][][],
      { dtype: "float32", second: false },
    );
  });

  it("refuses sizes that are none", () => {
    expect(() => textEncoder({ vocabulary: 0, length: 3 })).toThrow(/vocabulary/);
    expect(() => textEncoder({ vocabulary: 5, length: 1.5 })).toThrow(/length/);
  });
});
