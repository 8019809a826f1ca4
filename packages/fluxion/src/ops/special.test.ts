import { describe, expect, it } from "vitest";
import { erfinv, grad, hvp, tensor, vmap, type Tensor } from "../index.js";

/** x and erfinv(x), from mpmath 1.3 with 40 digits. */
const points: [number, number][] = [
  [1e-8, 8.86226925452758e-9],
  [0.1, 0.08885599049425769],
  [0.5, 0.4769362762044699],
  [0.8499, 1.0176527650769829],
  [0.8501, 1.018152291584008],
  [0.9, 1.1630871536766743],
  [0.99, 1.8213863677184494],
  [0.9966, 2.071150939906553],
  [0.9999, 2.75106390571208],
  [1 - 2 ** -20, 3.465505025803331],
  [1 - 2 ** -24, 3.832506856900711],
];
const doubles: [number, number][] = [
  ...points,
  [1 - 2 ** -40, 5.05125408524939],
  [1 - 2 ** -53, 5.8635847487551676],
];
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

describe("erfinv", () => {
  it.each([
    ["float64", doubles, 4e-15],
    ["float32", points, 4e-7],
  ] as const)("%s", async (dtype, list, tolerance) => {
    const x = tensor(
      list.flatMap(([v]) => [v, -v]),
      { dtype },
    );
    const given = await numbers(x);
    const got = await numbers(erfinv(x));
    list.forEach(([v, y], i) => {
      // What rounding the argument changes is no error of the function: dy = ½√π·e^(y²)·dx.
      const want = y + 0.5 * Math.sqrt(Math.PI) * Math.exp(y * y) * (given[2 * i]! - v);
      expect(Math.abs(got[2 * i]! - want)).toBeLessThan(tolerance * want);
      expect(got[2 * i + 1]).toBe(-got[2 * i]!);
    });
  });

  it.each(["float64", "float32"] as const)("ends and beyond in %s", async (dtype) => {
    const got = await numbers(erfinv(tensor([0, 1, -1, 1.1, NaN], { dtype })));
    expect(got).toEqual([0, Infinity, -Infinity, NaN, NaN]);
  });

  it("undoes erf, also in float16 and of integers", async () => {
    const x = tensor([-2, -0.3, 0.7, 1.5]);
    const back = await numbers(erfinv(x.erf()));
    (await numbers(x)).forEach((v, i) => expect(back[i]).toBeCloseTo(v, 5));
    expect(await erfinv(tensor(0.5, { dtype: "float16" })).item()).toBe(0.47705078125);
    expect(await erfinv(tensor(1, { dtype: "int32" })).item()).toBe(Infinity);
  });

  it("gradient and second derivative", async () => {
    const f = (x: Tensor): Tensor => erfinv(x).sum();
    const at = [0.3, -0.95];
    const x = tensor(at, { dtype: "float64" });
    const y = await numbers(erfinv(x));
    const slope = y.map((v) => 0.5 * Math.sqrt(Math.PI) * Math.exp(v * v));
    (await numbers(grad(f)(x))).forEach((g, i) => expect(g).toBeCloseTo(slope[i]!, 10));
    const second = await numbers(hvp(f, [x], tensor([1, 1], { dtype: "float64" })));
    second.forEach((h, i) => expect(h).toBeCloseTo(2 * y[i]! * slope[i]! ** 2, 8));
  });

  it("vmap", async () => {
    const x = tensor([
      [0.1, 0.2],
      [0.3, 0.4],
    ]);
    expect(await vmap(erfinv)(x).toArray()).toEqual(await erfinv(x).toArray());
  });
});
