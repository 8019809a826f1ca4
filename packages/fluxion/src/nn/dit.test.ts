import { describe, expect, it } from "vitest";
import {
  evaluate,
  OptionError,
  ShapeError,
  tensor,
  treeMap,
  treePaths,
  valueAndGrad,
  type Tensor,
} from "../index.js";
import { key } from "../core/random/index.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import { dit, patchify, unpatchify, type DitOptions, type DitParams } from "./dit.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const small: DitOptions = { image: [2, 4, 6], patch: 2, width: 8, depth: 2, heads: 2, expansion: 2 };
const x = genericTensor([2, 2, 4, 6], 1, "float32");
const t = tensor([0.2, 0.9]);
const classes = (...list: number[]): Tensor => tensor(list, { dtype: "int32" });

/** Parameters that no layer's zeros hide. */
const shaken = (options: DitOptions): DitParams =>
  treeMap(
    (p: Tensor) => genericTensor(p.shape, p.size, "float32").mul(0.5),
    dit(options).init(key(0)),
  ) as DitParams;

describe("patchify", () => {
  it("cuts an image into patches row by row", async () => {
    const image = tensor(
      Float32Array.from({ length: 16 }, (_, i) => i),
      { shape: [1, 1, 4, 4] },
    );
    expect(await numbers(patchify(image, 2))).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    expect(patchify(x, 2).shape).toEqual([2, 6, 8]);
  });

  it("is undone by unpatchify", async () => {
    for (const p of [1, 2])
      expect(await numbers(unpatchify(patchify(x, p), [2, 4, 6], p))).toEqual(await numbers(x));
  });
});

describe("dit", { timeout: 30_000 }, () => {
  it("starts at zero, in the shape of its input", async () => {
    const net = dit(small);
    const out = net.apply(net.init(key(0)), x, t);
    expect(out.shape).toEqual(x.shape);
    expect((await numbers(out)).every((v) => v === 0)).toBe(true);
  });

  it("has blocks that begin as the identity: the depth does not matter", async () => {
    const [one, three] = [1, 3].map((depth) => dit({ ...small, depth }));
    const params = three!.init(key(2));
    const open = { ...params, out: { weight: genericTensor([8, 8], 3, "float32") } };
    const deep = await numbers(three!.apply(open, x, t));
    const flat = await numbers(one!.apply({ ...open, blocks: open.blocks.slice(0, 1) }, x, t));
    expect(Math.max(...deep.map(Math.abs))).toBeGreaterThan(0.1);
    deep.forEach((v, i) => expect(v).toBeCloseTo(flat[i]!, 5));
  });

  it("treats every example by itself, by its own time and class", async () => {
    const net = dit({ ...small, classes: 2 });
    const params = shaken({ ...small, classes: 2 });
    const cond = classes(0, 2);
    const both = await numbers(net.apply(params, x, t, cond));
    const swapped = net.apply(params, x.flip(0), t.flip(0), classes(2, 0));
    (await numbers(swapped.flip(0))).forEach((v, i) => expect(v).toBeCloseTo(both[i]!, 4));
    const half = both.length / 2;
    const other = await numbers(net.apply(params, x, t, classes(1, 2)));
    expect(other.slice(0, half)).not.toEqual(both.slice(0, half));
    other.slice(half).forEach((v, i) => expect(v).toBeCloseTo(both[half + i]!, 4));
    expect(await numbers(net.apply(params, x, t.mul(0.5), cond))).not.toEqual(both);
  });

  it("knows where a patch is", async () => {
    const net = dit(small);
    const params = shaken(small);
    const flat = await numbers(patchify(net.apply(params, x.mul(0), t), 2));
    // All patches are alike, so only their positions can make a difference.
    expect(flat.slice(0, 8)).not.toEqual(flat.slice(8, 16));
  });

  it("has the gradient of its values, in x, t and along the parameters", async () => {
    const options = { ...small, classes: 3 };
    const net = dit(options);
    const params = shaken(options);
    const along = treeMap((p: Tensor) => genericTensor(p.shape, p.size), params) as DitParams;
    await checkGradient(
      (image, time, s) => {
        const moved = treeMap((p: Tensor, v: Tensor) => p.cast("float64").add(v.mul(s)), params, along);
        return net.apply(moved as DitParams, image, time.mul(0.01), classes(1, 3));
      },
      // In hundredths of the time: its fastest feature turns by 1000 radians in a unit.
      [x.cast("float64"), t.cast("float64").mul(100), [0.1]],
      // Gelu has no kernel in double.
      { second: false, engine: "interpreter" },
    );
  });

  it("reaches every parameter with a finite gradient", async () => {
    const options = { ...small, classes: 3 };
    const net = dit(options);
    const [, g] = valueAndGrad((p: DitParams) => net.apply(p, x, t, classes(0, 3)).square().sum())(
      shaken(options),
    );
    const sizes = treePaths(g).map(({ path, leaf }) => ({ path, size: leaf.abs().max() }));
    await evaluate(sizes.map(({ size }) => size));
    for (const { path, size } of sizes) {
      expect(await size.item(), path).toBeGreaterThan(0);
      expect(await size.item(), path).toBeLessThan(Infinity);
    }
  });

  it("refuses what does not fit", () => {
    for (const wrong of [
      { patch: 3 },
      { width: 6 },
      { heads: 3 },
      { depth: 0 },
      { expansion: 0 },
      { classes: 1.5 },
      { deep: 1 },
    ]) {
      expect(() => dit({ ...small, ...wrong }), JSON.stringify(wrong)).toThrow(OptionError);
    }
    const net = dit(small);
    const params = net.init(key(0));
    expect(() => net.apply(params, genericTensor([2, 2, 6, 4], 1, "float32"), t)).toThrow(ShapeError);
    expect(() => net.apply(params, x, t, classes(0, 0))).toThrow(OptionError);
    const classed = dit({ ...small, classes: 2 });
    expect(() => classed.apply(classed.init(key(0)), x, t)).toThrow(OptionError);
  });
});

it("shows the values of each block to a tap, and goes on with what it gets back", async () => {
  const { apply } = dit(small);
  const params = shaken(small);
  const seen: string[] = [];
  const same = apply(params, x, t, undefined, (site, layer, value) => {
    seen.push(`${site} ${layer} [${value.shape.join(", ")}]`);
    return value;
  });
  expect(seen).toEqual(["value 0 [2, 2, 6, 4]", "value 1 [2, 2, 6, 4]"]);
  expect(await numbers(same)).toEqual(await numbers(apply(params, x, t)));
  const without = apply(params, x, t, undefined, (_, __, value) => value.mul(0));
  expect(await same.sub(without).abs().max().item()).toBeGreaterThan(1e-3);
});
