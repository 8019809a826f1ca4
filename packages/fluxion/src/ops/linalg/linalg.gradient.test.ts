import { describe, expect, it } from "vitest";
import { eye, grad, linalg, tensor, type Tensor } from "../../index.js";
import { genericTensor } from "../../testing/evaluator.js";
import { checkGradient } from "../../testing/gradient-check.js";

const square = genericTensor([2, 3, 3], 1);
const rhs = genericTensor([2, 3, 2], 2);
const tall = genericTensor([4, 2], 3);
const wide = genericTensor([2, 4], 5);
const spd = (x: Tensor): Tensor => x.matmul(x.swapAxes(-1, -2)).add(eye(3, { dtype: "float64" }));

/** First and second derivatives against central differences, and ⟨u, J v⟩ = ⟨Jᵀu, v⟩. */
describe("gradients", () => {
  it.each<[string, (...args: Tensor[]) => Tensor | Tensor[], Tensor[]]>([
    ["solve", linalg.solve, [square, rhs]],
    ["solve, one matrix for all", linalg.solve, [genericTensor([3, 3], 1), rhs]],
    ["solve, one vector for all", linalg.solve, [square, genericTensor([3], 4)]],
    ["triangularSolve", (a, b) => linalg.triangularSolve(a, b), [square, rhs]],
    [
      "triangularSolve, upper transposed",
      (a, b) => linalg.triangularSolve(a, b, { lower: false, transpose: true }),
      [square, rhs],
    ],
    [
      "triangularSolve, unit diagonal",
      (a, b) => linalg.triangularSolve(a, b, { unitDiagonal: true }),
      [square, rhs],
    ],
    ["cholesky", (x) => linalg.cholesky(spd(x)), [square]],
    ["inv", linalg.inv, [square]],
    ["det", linalg.det, [square]],
    ["slogdet", (x) => linalg.slogdet(x), [square]],
    ["qr", (x) => linalg.qr(x), [square]],
    ["qr, tall", (x) => linalg.qr(x), [tall]],
    ["qr, wide", (x) => linalg.qr(x), [wide]],
    ["lstsq, tall", linalg.lstsq, [tall, genericTensor([4, 3], 6)]],
    ["lstsq, wide", linalg.lstsq, [wide, genericTensor([2], 6)]],
    ["eigh", (x) => linalg.eigh(x), [square]],
    ["svd", (x) => linalg.svd(x), [genericTensor([3, 3], 7)]],
    ["svd, tall", (x) => linalg.svd(x), [tall]],
    ["svd, wide", (x) => linalg.svd(x), [wide]],
  ])("%s", async (_, f, args) => {
    await checkGradient(f, args);
  });

  it("in float32", async () => {
    await checkGradient(
      (a, b) => linalg.solve(spd32(a), b),
      [genericTensor([3, 3], 1), genericTensor([3], 2)],
      {
        dtype: "float32",
        second: false,
      },
    );
  });
  const spd32 = (x: Tensor): Tensor => x.matmul(x.swapAxes(-1, -2)).add(eye(3));
});

describe("equal eigenvalues and singular values", () => {
  const two = tensor(
    [
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 5],
    ],
    { dtype: "float64" },
  );
  const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

  it("gradients of the values stay finite", async () => {
    const g = grad((a: Tensor) => linalg.eigh(a)[0].sum())(two);
    expect(await numbers(g)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    const h = grad((a: Tensor) => linalg.svd(a)[1].sum())(two);
    (await numbers(h)).forEach((v, i) => expect(v).toBeCloseTo(i % 4 === 0 ? 1 : 0, 12));
  });

  it("a function of both vectors of a pair has its true gradient", async () => {
    // trace(W·P) with P the projector on the eigenvalue 2, whatever basis stands for it.
    const w = genericTensor([3, 3], 9);
    const f = (a: Tensor): Tensor => {
      const v = linalg.eigh(a)[1].slice(null, [0, 2]);
      return v.matmul(v.swapAxes(0, 1)).mul(w).sum();
    };
    const g = await numbers(grad(f)(two));
    const step = 1e-5;
    for (let k = 0; k < 9; k++) {
      const bump = tensor(
        Float64Array.from({ length: 9 }, (_, i) => (i === k ? step : 0)),
        { shape: [3, 3] },
      );
      const change = (await f(two.add(bump)).item()) - (await f(two.sub(bump)).item());
      expect(g[k]).toBeCloseTo(change / (2 * step), 6);
    }
  });

  it("a matrix of lower rank gives finite gradients of the singular vectors", async () => {
    const low = tensor(
      [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      { dtype: "float64" },
    );
    const g = await numbers(
      grad((a: Tensor) =>
        linalg
          .svd(a)[0]
          .slice(null, 0)
          .square()
          .mul(tensor([1, 2, 3]))
          .sum(),
      )(low),
    );
    expect(g.every(Number.isFinite)).toBe(true);
  });
});
