import { describe, expect, it } from "vitest";
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
import { key } from "../core/random/index.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import { unet, type UnetOptions, type UnetParams } from "./unet.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const small: UnetOptions = { channels: 1, widths: [4, 8], groups: 2 };
const x = genericTensor([2, 1, 4, 4], 1, "float32");
const t = tensor([0.2, 0.9]);
const classes = (...list: number[]): Tensor => tensor(list, { dtype: "int32" });

/** Parameters that no layer's zeros hide. */
const shaken = (options: UnetOptions): UnetParams =>
  treeMap(
    (p: Tensor) => genericTensor(p.shape, p.size, "float32").mul(0.5),
    unet(options).init(key(0)),
  ) as UnetParams;

describe("unet", { timeout: 30_000 }, () => {
  it.each<[string, UnetOptions, number]>([
    ["one level", { channels: 3, widths: [4], groups: 2 }, 3],
    ["two levels", { channels: 1, widths: [4, 8], groups: 4 }, 2],
    [
      "three levels, two blocks, attention",
      { channels: 2, widths: [4, 4, 8], groups: 2, blocks: 2, attention: true },
      4,
    ],
  ])("with %s keeps the shape and starts at zero", async (_, options, side) => {
    const net = unet(options);
    const image = genericTensor([2, options.channels, side, 2 * side], 3, "float32");
    const out = net.apply(net.init(key(0)), image, t);
    expect(out.shape).toEqual(image.shape);
    expect((await numbers(out)).every((v) => v === 0)).toBe(true);
    const moved = await numbers(net.apply(shaken(options), image, t));
    expect(moved.every(Number.isFinite)).toBe(true);
    expect(Math.max(...moved.map(Math.abs))).toBeGreaterThan(0.01);
  });

  it("treats every example by itself, by its own time", async () => {
    const net = unet({ ...small, attention: true });
    const params = shaken({ ...small, attention: true });
    const both = await numbers(net.apply(params, x, t));
    const second = await numbers(net.apply(params, x.slice([1, 2]), t.slice([1, 2])));
    both.slice(16).forEach((v, i) => expect(v).toBeCloseTo(second[i]!, 4));
    const later = await numbers(net.apply(params, x, tensor([0.2, 0.5])));
    later.slice(0, 16).forEach((v, i) => expect(v).toBeCloseTo(both[i]!, 4));
    expect(later.slice(16)).not.toEqual(both.slice(16));
  });

  it("learns to tell times and classes apart", async () => {
    const net = unet({ ...small, classes: 2 });
    const cond = classes(0, 2);
    const target = genericTensor(x.shape, 9, "float32");
    const loss = (p: UnetParams): Tensor => net.apply(p, x, t, cond).sub(target).square().mean();
    const step = compile((p: UnetParams) => {
      const [value, g] = valueAndGrad(loss)(p);
      return { value, p: treeMap((a: Tensor, d: Tensor) => a.sub(d.mul(0.1)), p, g) as UnetParams };
    });
    let state = await step(net.init(key(1)));
    const first = await state.value.item();
    for (let i = 0; i < 4; i++) state = await step(state.p);
    expect(await state.value.item()).toBeLessThan(first);
    await step.release();
    const at = (times: Tensor, labels: Tensor): Promise<number[]> =>
      numbers(net.apply(state.p, x, times, labels));
    const base = await at(t, cond);
    expect(await at(t.mul(0.5), cond)).not.toEqual(base);
    const other = await at(t, classes(1, 2));
    expect(other.slice(0, 16)).not.toEqual(base.slice(0, 16));
    other.slice(16).forEach((v, i) => expect(v).toBeCloseTo(base[16 + i]!, 5));
  });

  it("has the gradient of its values, in x, t and along the parameters", async () => {
    const options = { ...small, attention: true, classes: 3 };
    const net = unet(options);
    const params = shaken(options);
    const along = treeMap((p: Tensor) => genericTensor(p.shape, p.size), params) as UnetParams;
    // The fastest feature of the time turns by 1000 radians in a unit.
    const [towards, later] = [genericTensor(x.shape, 7), tensor([0.01, -0.02])];
    await checkGradient(
      (s) => {
        const moved = treeMap(
          (p: Tensor, v: Tensor) => p.cast("float64").add(v.mul(s)),
          params,
          along,
        ) as UnetParams;
        return net.apply(moved, x.add(towards.mul(s)), t.add(later.mul(s)), classes(1, 3));
      },
      [[0.1]],
      { second: false },
    );
  });

  it("reaches every parameter with a finite gradient", async () => {
    const options = { ...small, widths: [4, 8, 8], attention: true, classes: 3 };
    const net = unet(options);
    const [, g] = valueAndGrad((p: UnetParams) => net.apply(p, x, t, classes(0, 3)).square().sum())(
      shaken(options),
    );
    const sizes = treePaths(g).map(({ path, leaf }) => ({ path, size: leaf.abs().max() }));
    await evaluate(sizes.map(({ size }) => size));
    for (const { path, size } of sizes) {
      expect(await size.item(), path).toBeGreaterThan(0);
      expect(await size.item(), path).toBeLessThan(Infinity);
    }
  });

  it("has parameters for what is asked only", () => {
    const count = (options: UnetOptions): number => treeLeaves(unet(options).init(key(0))).length;
    const plain = count(small);
    expect(count({ ...small, classes: 4 })).toBe(plain + 1);
    expect(count({ ...small, attention: true })).toBe(plain + 6);
    expect(unet({ ...small, classes: 4 }).init(key(0)).classes!.table.shape).toEqual([5, 16]);
  });

  it("refuses what does not fit", () => {
    for (const wrong of [
      { widths: [] },
      { widths: [4, 6], groups: 4 },
      { widths: [4, 2.5] },
      { widths: [3], groups: 3 },
      { widths: [4, 6], groups: 2, attention: true },
      { blocks: 0 },
      { channels: 0 },
      { classes: -1 },
      { width: 4 },
    ]) {
      expect(() => unet({ ...small, ...wrong }), JSON.stringify(wrong)).toThrow(OptionError);
    }
    const net = unet(small);
    const params = net.init(key(0));
    expect(() => net.apply(params, genericTensor([1, 1, 5, 4], 1, "float32"), t)).toThrow(ShapeError);
    expect(() => net.apply(params, genericTensor([1, 2, 4, 4], 1, "float32"), t)).toThrow(ShapeError);
    expect(() => net.apply(params, x, t, classes(0, 0))).toThrow(OptionError);
    const classed = unet({ ...small, classes: 2 });
    expect(() => classed.apply(classed.init(key(0)), x, t)).toThrow(OptionError);
  });
});
