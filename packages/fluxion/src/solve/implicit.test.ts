import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import { grad, valueAndGrad } from "../core/autodiff.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { add, mul, square, sub } from "../ops/arithmetic.js";
import { slice } from "../ops/movement.js";
import { exp } from "../ops/unary.js";
import { sum } from "../ops/reduce.js";
import { attachArgmin, implicitArgmin } from "./implicit.js";
import { levenbergMarquardt } from "./levenberg-marquardt.js";
import { unrolledLevenbergMarquardt } from "./unrolled.js";

// A curve a·exp(−b·t) through points y that it cannot meet: residuals are not 0 at the minimum.
const t = [0, 0.5, 1, 1.5, 2];
const times = tensor(t, { dtype: "float64" });
const residualOf = (p: Tensor, y: Tensor): Tensor =>
  sub(mul(slice(p, [0, 1]), exp(mul(mul(slice(p, [1, 2]), times), -1))), y);
const solveAt = async (y: ArrayLike<number>) => {
  const { x } = await levenbergMarquardt(
    {
      residual: (p) => Float64Array.from(t, (v, i) => p[0]! * Math.exp(-p[1]! * v) - y[i]!),
      jacobian: (p) =>
        Float64Array.from(t.flatMap((v) => [Math.exp(-p[1]! * v), -p[0]! * v * Math.exp(-p[1]! * v)])),
    },
    Float64Array.of(1, 1),
    { tolerance: 0, maxIterations: 200 },
  );
  return x;
};
/** H⁻¹ of ½‖r‖², whole or Gauss's and Newton's. */
function inverseHessian(p: Float64Array, y: ArrayLike<number>, whole: boolean): Float64Array {
  let [a, b, c] = [0, 0, 0];
  t.forEach((v, i) => {
    const e = Math.exp(-p[1]! * v);
    const [r, ja, jb] = [p[0]! * e - y[i]!, e, -p[0]! * v * e];
    a += ja * ja;
    b += ja * jb + (whole ? -r * v * e : 0);
    c += jb * jb + (whole ? r * p[0]! * v * v * e : 0);
  });
  const det = a * c - b * b;
  return Float64Array.of(c / det, -b / det, -b / det, a / det);
}
const y0 = [2, 1.3, 0.4, 0.6, 0.1];
const problem = (whole: boolean) => ({
  shape: [2],
  async solve([y]: readonly Float64Array[]) {
    const x = await solveAt(y!);
    return { x, inverseHessian: inverseHessian(x, y!, whole) };
  },
  objective: (p: Tensor, [y]: readonly Tensor[]) => mul(sum(square(residualOf(p, y!))), 0.5),
});
/** d(3·a + b)/dy by central differences through solves anew. */
async function differences(): Promise<number[]> {
  const h = 1e-4;
  const at = async (y: number[]): Promise<number> => {
    const x = await solveAt(y);
    return 3 * x[0]! + x[1]!;
  };
  return Promise.all(
    y0.map(async (_, i) => {
      const moved = (s: number): number[] => y0.map((v, k) => (k === i ? v + s : v));
      return ((await at(moved(h))) - (await at(moved(-h)))) / (2 * h);
    }),
  );
}
const score = (p: Tensor): Tensor => sum(mul(p, tensor([3, 1], { dtype: "float64" })));

describe("implicitArgmin", () => {
  it("has the minimum's gradient, and leaves its value alone; Gauss's and Newton's is biased", async () => {
    const want = await differences();
    const y = tensor(y0, { dtype: "float64" });
    const run = (whole: boolean) =>
      compile((v: Tensor) => valueAndGrad((w: Tensor) => score(implicitArgmin(problem(whole), [w]).x))(v));
    const [value, gradient] = await run(true)(y);
    const x = await solveAt(y0);
    expect(await value.item()).toBeCloseTo(3 * x[0]! + x[1]!, 8);
    const got = Array.from(await gradient.data(), Number);
    want.forEach((v, i) =>
      expect(Math.abs(got[i]! - v)).toBeLessThan(1e-3 * Math.max(...want.map(Math.abs))),
    );
    const [, biased] = await run(false)(y);
    const off = Array.from(await biased.data(), Number).map((v, i) => Math.abs(v - want[i]!));
    expect(Math.max(...off)).toBeGreaterThan(0.005 * Math.max(...want.map(Math.abs)));
  });

  it("agrees with unrolled steps near the minimum", async () => {
    const start = tensor(await solveAt(y0));
    const unrolled = (v: Tensor): Tensor =>
      score(unrolledLevenbergMarquardt((p) => residualOf(p, v), start, { iterations: 40, damping: 1e-3 }));
    const got = Array.from(await grad(unrolled)(tensor(y0, { dtype: "float64" })).data(), Number);
    const want = await differences();
    want.forEach((v, i) =>
      expect(Math.abs(got[i]! - v)).toBeLessThan(1e-2 * Math.max(...want.map(Math.abs))),
    );
  });

  it("refuses shapes that do not fit", () => {
    const x = tensor([1, 2], { dtype: "float64" });
    expect(() => attachArgmin(x, x, (p) => p)).toThrow(/an inverse Hessian \[2, 2\]/);
    const h = tensor(
      [
        [1, 0],
        [0, 1],
      ],
      { dtype: "float64" },
    );
    expect(() => attachArgmin(x, h, (p) => add(sum(p), 0))).toThrow(/a gradient \[2\]/);
  });
});
