import { Matrix, solve as denseSolve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { key } from "../core/random/index.js";
import { normalFrom, seededUniform } from "../data/seeded.js";
import { conjugateDirections, type ConjugateDirectionsOptions } from "./conjugate-directions.js";
import { conjugateGradient } from "./conjugate-gradient.js";
import { directionNetwork } from "./directions/direction-network.js";
import { learnedDirections } from "./directions/train-directions.js";
import { incompleteCholesky } from "./incomplete-cholesky.js";
import { poissonOperator } from "./poisson/poisson-operator.js";
import { sparseToDense } from "./sparse.js";
import { difference, dot, norm } from "./vectors.js";

const a = poissonOperator({ shape: [12, 10] });
const normal = normalFrom(seededUniform(3));
const b = Float64Array.from({ length: a.size }, normal);
const dense = Matrix.from1DArray(a.size, a.size, sparseToDense(a.matrix()).data);
const exact = denseSolve(dense, Matrix.columnVector(b)).to1DArray();
const run = (options: Partial<ConjugateDirectionsOptions>) =>
  conjugateDirections(a, b, { direction: (r) => r, ...options });
const aNorm = (x: Float64Array): number => {
  const e = x.map((v, i) => v - exact[i]!);
  return Math.sqrt(dot(e, a.apply(e)));
};

describe("conjugateDirections", () => {
  it.each([1, 2, 5])("is the method of conjugate gradients for f = identity, memory %i", async (memory) => {
    const how = { maxIterations: 40, tolerance: 1e-10 };
    const ours = await run({ memory, ...how });
    const cg = conjugateGradient(a, b, how);
    expect(ours.iterations).toBe(cg.iterations);
    ours.residuals.forEach((v, i) => expect(Math.abs(v - cg.residuals[i]!)).toBeLessThan(1e-10));
  });

  it("is the preconditioned method for a symmetric linear f", async () => {
    const preconditioner = incompleteCholesky(a.matrix())!;
    const how = { maxIterations: 40, tolerance: 1e-10 };
    const ours = await run({ direction: (r) => preconditioner.apply(r).slice(), ...how });
    const cg = conjugateGradient(a, b, { preconditioner, ...how });
    expect(ours.iterations).toBe(cg.iterations);
    ours.residuals.forEach((v, i) => expect(Math.abs(v - cg.residuals[i]!)).toBeLessThan(1e-9));
  });

  it("needs one iteration for f = c times the inverse, whatever c", async () => {
    for (const c of [1, -7, 1e-3]) {
      const direction = (r: Float64Array) =>
        Float64Array.from(denseSolve(dense, Matrix.columnVector(r)).to1DArray(), (v) => c * v);
      const outcome = await run({ direction, tolerance: 1e-10 });
      expect(outcome).toMatchObject({ status: "converged", iterations: 1 });
      outcome.x.forEach((v, i) => expect(v).toBeCloseTo(exact[i]!, 8));
    }
  });

  it("is steepest descent without memory: monotone, and slower", async () => {
    const errors = [aNorm(new Float64Array(a.size))];
    for (let n = 1; n <= 20; n++) errors.push(aNorm((await run({ memory: 0, maxIterations: n })).x));
    errors.slice(1).forEach((e, i) => expect(e).toBeLessThan(errors[i]!));
    const cg = conjugateGradient(a, b, { tolerance: 1e-4 }).iterations;
    expect((await run({ memory: 0, tolerance: 1e-4 })).iterations).toBeGreaterThan(1.5 * cg);
  });

  it.each([0, 2, 5])(
    "never lets the error grow, and leaves a residual that no kept direction has a part in, memory %i",
    async (memory) => {
      // The same proposals for every number of iterations, so that its last step shows with all of its memory.
      const after = async (maxIterations: number): Promise<Float64Array> => {
        const random = normalFrom(seededUniform(8));
        return (await run({ memory, maxIterations, direction: (r) => r.map(() => random()) })).x;
      };
      const steps: Float64Array[] = [];
      let before = new Float64Array(a.size);
      for (let n = 1; n <= 15; n++) {
        const x = await after(n);
        const r = difference(b, a.apply(x), new Float64Array(a.size));
        steps.unshift(difference(x, before, new Float64Array(a.size)));
        const d = steps[0]!;
        expect(Math.abs(dot(r, d))).toBeLessThan(1e-10 * norm(r) * norm(d));
        for (const p of steps.slice(1, memory + 1))
          expect(Math.abs(dot(d, a.apply(p)))).toBeLessThan(1e-8 * norm(d) * norm(a.apply(p)));
        expect(aNorm(x)).toBeLessThanOrEqual(aNorm(before) * (1 + 1e-12));
        before = x as Float64Array<ArrayBuffer>;
      }
    },
  );

  it("never lets the error grow for a network that has learned nothing", async () => {
    const network = directionNetwork();
    const learned = learnedDirections(network, network.init(key(3)), a);
    let before = aNorm(new Float64Array(a.size));
    for (let n = 1; n <= 8; n++) {
      const now = aNorm((await run({ direction: learned.direction, maxIterations: n })).x);
      expect(now).toBeLessThanOrEqual(before * (1 + 1e-12));
      before = now;
    }
    await learned.release();
  });

  it("answers what has no answer by a status, and refuses what it cannot take", async () => {
    expect(await run({ direction: (r) => r.map(() => 0) })).toMatchObject({
      status: "stalled",
      iterations: 0,
    });
    expect((await run({ direction: (r) => r.map(() => NaN) })).status).toBe("non-finite");
    const zero = await conjugateDirections(a, new Float64Array(a.size), { direction: (r) => r });
    expect(zero).toMatchObject({ status: "converged", residuals: [0] });
    const bad = b.slice().fill(NaN, 0, 1);
    expect((await conjugateDirections(a, bad, { direction: (r) => r })).status).toBe("non-finite");
    const negative = { size: a.size, apply: (x: Float64Array) => x.map((v) => -v) };
    expect((await conjugateDirections(negative, b, { direction: (r) => r })).status).toBe("unbounded");
    const nothing = { size: a.size, apply: (x: Float64Array) => x.map(() => 0) };
    expect((await conjugateDirections(nothing, b, { direction: (r) => r })).status).toBe("singular");
    const stop = new AbortController();
    const outcome = await run({
      signal: stop.signal,
      onIteration: ({ iteration }) => iteration === 3 && stop.abort(),
    });
    expect(outcome).toMatchObject({ status: "aborted", iterations: 3 });
    expect((await run({ maxIterations: 2 })).status).toBe("max-iterations");
    await expect(run({ memory: -1 })).rejects.toThrow(/memory/);
    await expect(run({ direction: () => new Float64Array(3) })).rejects.toThrow(/length 120/);
    await expect(run({ steps: 3 } as never)).rejects.toThrow(/option "steps"/);
    await expect(conjugateDirections(a, b.subarray(1), { direction: (r) => r })).rejects.toThrow(/\[120\]/);
  });
});
