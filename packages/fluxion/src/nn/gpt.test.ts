import { describe, expect, it } from "vitest";
import * as random from "../core/random/index.js";
import {
  compile,
  evaluate,
  OptionError,
  ShapeError,
  tensor,
  treeLeaves,
  treeMap,
  treePaths,
  valueAndGrad,
  type Tensor,
} from "../index.js";
import { gpt, type GptParams } from "./gpt.js";

const options = { vocabulary: 7, context: 5, width: 8, depth: 2, heads: 2 };
const model = gpt(options);
const params = model.init(random.key(0));
const ids = (rows: number[][]): Tensor => tensor(rows, { dtype: "int32" });

describe("gpt", () => {
  it("gives logits for every position of every sequence up to the context", () => {
    expect(model.apply(params, ids([[1, 2, 3]])).shape).toEqual([1, 3, 7]);
    expect(
      model.apply(
        params,
        ids([
          [0, 1, 2, 3, 4],
          [6, 5, 4, 3, 2],
        ]),
      ).shape,
    ).toEqual([2, 5, 7]);
    expect(() => model.apply(params, ids([[0, 1, 2, 3, 4, 5]]))).toThrow(ShapeError);
  });

  it("has a tied output: no weights beside table, positions, blocks and norm", () => {
    const d = options.width;
    const block = 4 * d + (3 * d * d + 3 * d) + (d * d + d) + (4 * d * d + 4 * d) + (4 * d * d + d);
    const count = treeLeaves(params).reduce((sum, t) => sum + t.size, 0);
    expect(count).toBe(7 * d + 5 * d + 2 * block + 2 * d);
  });

  it("does not look ahead", async () => {
    const a = (await model.apply(params, ids([[1, 2, 3, 4, 5]])).data()) as Float32Array;
    const b = (await model.apply(params, ids([[1, 2, 3, 6, 0]])).data()) as Float32Array;
    const seen = 3 * options.vocabulary;
    expect([...b.subarray(0, seen)]).toEqual([...a.subarray(0, seen)]);
    expect([...b.subarray(seen)]).not.toEqual([...a.subarray(seen)]);
  });

  it("learns to continue a sequence", async () => {
    const [x, y] = [ids([[1, 4, 2, 6, 3]]), ids([[4, 2, 6, 3, 1]])];
    const loss = (p: GptParams): Tensor => {
      const logits = model.apply(p, x);
      return logits
        .logsumexp(-1)
        .sub(logits.takeAlongAxis(y.expandDims(-1), -1).squeeze(-1))
        .mean();
    };
    const step = compile((p: GptParams) => {
      const [value, g] = valueAndGrad(loss)(p);
      return { value, p: treeMap((w: Tensor, d: Tensor) => w.sub(d.mul(0.5)), p, g) };
    });
    let state = await step(params);
    const first = await state.value.item();
    for (let i = 0; i < 30; i++) state = await step(state.p);
    expect(first).toBeCloseTo(Math.log(7), 0);
    expect(await state.value.item()).toBeLessThan(0.3 * first);
  });

  it("reaches every parameter with its gradient", async () => {
    const x = ids([[0, 1, 2, 3, 4]]);
    const [, g] = valueAndGrad((p: GptParams) => model.apply(p, x).square().sum())(params);
    const sizes = treePaths(g).map(({ path, leaf }) => ({ path, size: leaf.abs().max() }));
    await evaluate(sizes.map(({ size }) => size));
    for (const { path, size } of sizes) expect(await size.item(), path).toBeGreaterThan(0);
  });

  it("refuses sizes that make no sense", () => {
    expect(() => gpt({ ...options, depth: 0 })).toThrow(OptionError);
    expect(() => gpt({ ...options, heads: 3 })).toThrow(OptionError);
    expect(() => gpt({ ...options, dept: 3 } as never)).toThrow(OptionError);
  });
});
