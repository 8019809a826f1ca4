import { describe, expect, it } from "vitest";
import { compile, hvp, OptionError, random, tensor, TreeError, type Tensor } from "../../index.js";
import { sharpness } from "../index.js";

const double = (values: readonly number[]): Tensor => tensor([...values], { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => [...((await t.data()) as Float64Array)];
const closeTo = (got: number, want: number, tolerance = 1e-9): void =>
  expect(Math.abs(got - want)).toBeLessThan(tolerance * Math.max(1, Math.abs(want)));
const bowl =
  (curvatures: readonly number[]) =>
  (x: Tensor): Tensor =>
    x.square().mul(double(curvatures)).sum().mul(0.5);

describe("sharpness", () => {
  it.each([
    { curvatures: [1, 5, -3], largest: 5 },
    { curvatures: [1, 2, -3], largest: 2 },
    // Power iteration stays between two eigenvalues of one size.
    { curvatures: [5, -5, 1], largest: 5 },
    { curvatures: [1, 0.99, -0.995], largest: 1 },
    // It also finds the wrong end of a negative spectrum.
    { curvatures: [-1, -2, -3], largest: -1 },
    { curvatures: [-2, -2, -2], largest: -2 },
    { curvatures: [0, 0, 0], largest: 0 },
    { curvatures: [3e-30, 1e-30], largest: 3e-30 },
  ])("is the largest of $curvatures", async ({ curvatures, largest }) => {
    const at = double(curvatures.map(() => 0));
    for (let seed = 0; seed < 2; seed++) {
      const { value, vector, residual } = sharpness(bowl(curvatures), at, { key: random.key(seed) });
      closeTo((await value.item()) / (largest || 1), largest && 1);
      const v = await numbers(vector);
      closeTo(Math.hypot(...v), 1);
      curvatures.forEach((c, i) => {
        if (c !== largest) expect(Math.abs(v[i]!)).toBeLessThan(1e-6);
      });
      expect(await residual.item()).toBeLessThan(1e-9);
    }
  });

  it("needs far fewer products than the matrix has rows, and says how far it is", async () => {
    // 1000 eigenvalues spread over [-1, 1] and one outlier.
    const curvatures = Array.from({ length: 1000 }, (_, i) => (i === 17 ? 1.5 : i / 500 - 1));
    const f = bowl(curvatures);
    const at = double(curvatures.map(() => 0));
    let before = -Infinity;
    for (const iterations of [4, 8, 16, 32]) {
      const found = sharpness(f, at, { iterations });
      const value = await found.value.item();
      expect(value).toBeGreaterThan(before - 1e-12);
      expect(value).toBeLessThan(1.5 + 1e-12);
      before = value;
      const v = await numbers(found.vector);
      const product = await numbers(hvp(f, [at], found.vector));
      closeTo(await found.residual.item(), Math.hypot(...product.map((h, i) => h - value * v[i]!)), 1e-9);
    }
    closeTo(before, 1.5, 1e-9);
  });

  it("starts warm, and leaves a start that misses the largest", async () => {
    const f = bowl([1, 4, 9, 16, 25]);
    const at = double([0, 0, 0, 0, 0]);
    closeTo(await sharpness(f, at, { iterations: 2, start: double([0, 0, 0, 0, 3]) }).value.item(), 25);
    for (const start of [double([1, 0, 0, 0, 0]), double([1, 1, 0, 0, 0]), double([0, 0, 0, 0, 0])]) {
      closeTo(await sharpness(f, at, { start }).value.item(), 25);
    }
  });

  it("runs compiled, over trees in single precision, and inside scan", async () => {
    const params = { a: tensor([0.3, -0.2]), n: tensor([1], { dtype: "int32" }), b: tensor([[0.5]]) };
    const f = (p: typeof params): Tensor =>
      p.a
        .square()
        .mul(tensor([2, 3]))
        .sum()
        .add(p.b.pow(4).sum());
    const measure = compile((p: typeof params) => ({ ...sharpness(f, p) }));
    const found = await measure(params);
    closeTo(await found.value.item(), 6, 1e-6);
    expect(found.vector.n.dtype).toBe("int32");
    const { scan } = await import("../../index.js");
    const [, values] = scan(
      (x: Tensor): [Tensor, Tensor] => [x.mul(0.5), sharpness((y: Tensor) => y.pow(4).sum(), x).value],
      tensor([2, 1]),
      undefined,
      { length: 3 },
    );
    (await numbers(values)).forEach((v, i) => closeTo(v, 48 / 4 ** i, 1e-5));
    await measure.release();
  });

  it("is NaN where the function is, and refuses wrong options", async () => {
    const f = bowl([1, 2]);
    const at = double([0, 0]);
    expect(await sharpness((x: Tensor) => f(x).mul(NaN), at).value.item()).toBeNaN();
    expect(() => sharpness(f, at, { iterations: 1 })).toThrow(OptionError);
    expect(() => sharpness(f, at, { iterations: 2.5 })).toThrow(OptionError);
    expect(() => sharpness(f, at, { steps: 3 } as never)).toThrow(OptionError);
    expect(() => sharpness(f, at, { start: { x: at } as never })).toThrow(TreeError);
  });
});
