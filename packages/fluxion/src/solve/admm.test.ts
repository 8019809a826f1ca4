import { describe, expect, it } from "vitest";
import { admm, type AdmmProblem } from "./admm.js";
import { fista } from "./fista.js";
import { l1Norm, nonNegative } from "./prox.js";

/** minimise ½Σ wⱼ(uⱼ − cⱼ)² + weight·g(u), solved element by element. */
const weights = Float64Array.of(1, 2, 4);
const center = Float64Array.of(3, -1, 0.1);
const same = (u: Float64Array): Float64Array => u;
const separable = (term = l1Norm(), weight = 1): AdmmProblem => ({
  size: 3,
  blocks: [{ term, weight, apply: same, adjoint: same }],
  minimize: ([target], rho) =>
    center.map((c, j) => (weights[j]! * c + rho * target![j]!) / (weights[j]! + rho)),
});
/** |u| pulls by 1/wⱼ. */
const lasso = [2, -0.5, 0];

describe("admm", () => {
  it.each([0.1, 1, 10])("finds the closed form for rho %f", (rho) => {
    const { x, copies, status, residuals, iterations } = admm(separable(), { rho, tolerance: 1e-10 });
    expect(status).toBe("converged");
    expect(residuals).toHaveLength(iterations + 1);
    lasso.forEach((want, j) => expect(x[j]).toBeCloseTo(want, 8));
    expect(copies[0]![2]).toBe(0);
  });

  it("handles indicator terms, several blocks and shorter steps of the multipliers", () => {
    const term = nonNegative();
    const problem = separable(term);
    const twice = { ...problem, blocks: [...problem.blocks, ...problem.blocks] };
    twice.minimize = ([a, b], rho) =>
      center.map((c, j) => (weights[j]! * c + rho * (a![j]! + b![j]!)) / (weights[j]! + 2 * rho));
    const { copies, status } = admm(twice, { dualStep: 0.5, tolerance: 1e-10 });
    expect(status).toBe("converged");
    [3, 0, 0.1].forEach((want, j) => expect(copies[1]![j]).toBeCloseTo(want, 8));
  });

  it("says how it ended: out of iterations, aborted, not finite", () => {
    const seen: number[] = [];
    const short = admm(separable(), {
      maxIterations: 3,
      tolerance: 0,
      onIteration: (at) => void seen.push(at.iteration),
    });
    expect(short).toMatchObject({ status: "max-iterations", iterations: 3 });
    expect(seen).toEqual([1, 2, 3]);
    expect(admm(separable(), { signal: AbortSignal.abort() })).toMatchObject({
      status: "aborted",
      iterations: 0,
    });
    const broken = { ...separable(), minimize: () => new Float64Array(3).fill(NaN) };
    expect(admm(broken)).toMatchObject({ status: "non-finite", x: new Float64Array(3) });
    expect(() => admm(separable(), { rho: 0 })).toThrow(/rho a number in \(0, ∞\)/);
    expect(() => admm(separable(), { dualStep: 2 })).toThrow(/dualStep/);
    expect(() => admm(separable(), { penalty: 1 } as object)).toThrow(/penalty/);
  });
});

describe("fista", () => {
  const problem = {
    ...{ size: 3, lipschitz: 4, term: l1Norm(), weight: 1 },
    smooth: (x: Float64Array) => ({
      value: x.reduce((sum, v, j) => sum + (weights[j]! * (v - center[j]!) ** 2) / 2, 0),
      gradient: x.map((v, j) => weights[j]! * (v - center[j]!)),
    }),
  };

  it("finds the closed form, from anywhere", () => {
    for (const start of [undefined, Float64Array.of(50, -50, 50)]) {
      const { x, status } = fista(problem, { tolerance: 1e-12, ...(start ? { start } : {}) });
      expect(status).toBe("converged");
      lasso.forEach((want, j) => expect(x[j]).toBeCloseTo(want, 9));
    }
  });

  it("says how it ended", () => {
    expect(fista(problem, { maxIterations: 2 })).toMatchObject({ status: "max-iterations", iterations: 2 });
    expect(fista(problem, { signal: AbortSignal.abort() }).status).toBe("aborted");
    const smooth = (): { value: number; gradient: Float64Array } => ({
      value: NaN,
      gradient: new Float64Array(3).fill(NaN),
    });
    expect(fista({ ...problem, smooth }).status).toBe("non-finite");
    expect(() => fista({ ...problem, lipschitz: 0 })).toThrow(/lipschitz/);
  });
});
