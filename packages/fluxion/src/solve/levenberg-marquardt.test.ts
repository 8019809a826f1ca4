import { levenbergMarquardt as peer } from "ml-levenberg-marquardt";
import { describe, expect, it } from "vitest";
import { normalFrom, seededUniform } from "../data/seeded.js";
import { levenbergMarquardt } from "./levenberg-marquardt.js";

const rosenbrock = {
  residual: (x: Float64Array) => Float64Array.of(10 * (x[1]! - x[0]! ** 2), 1 - x[0]!),
  jacobian: (x: Float64Array) => Float64Array.of(-20 * x[0]!, 10, -1, 0),
};

describe("levenbergMarquardt", () => {
  it("finds the minimum of Rosenbrock's function, never going up", async () => {
    const seen: number[] = [];
    const { x, status, residuals, iterations, cost } = await levenbergMarquardt(
      rosenbrock,
      Float64Array.of(-1.2, 1),
      {
        onIteration: ({ residual }) => void seen.push(residual),
      },
    );
    expect(status).toBe("converged");
    expect([x[0], x[1]].map((v) => Math.abs(v! - 1) < 1e-8)).toEqual([true, true]);
    expect(residuals).toHaveLength(iterations + 1);
    expect(seen).toEqual(residuals.slice(1));
    residuals.slice(1).forEach((v, i) => expect(v).toBeLessThan(residuals[i]!));
    expect(cost).toBeCloseTo(residuals.at(-1)! ** 2 / 2, 12);
  });

  it("solves linear least squares as the normal equations do", async () => {
    const normal = normalFrom(seededUniform(1));
    const [j, b] = [Float64Array.from({ length: 60 }, normal), Float64Array.from({ length: 20 }, normal)];
    const residual = (x: Float64Array) =>
      b.map((v, i) => [0, 1, 2].reduce((s, k) => s + j[3 * i + k]! * x[k]!, -v));
    const { x } = await levenbergMarquardt({ residual, jacobian: () => j }, new Float64Array(3), {
      tolerance: 0,
    });
    const r = residual(x);
    for (let k = 0; k < 3; k++) expect(r.reduce((s, v, i) => s + v * j[3 * i + k]!, 0)).toBeCloseTo(0, 8);
  });

  it("fits a curve as an independent implementation does", async () => {
    const t = Array.from({ length: 30 }, (_, i) => i / 5);
    const y = t.map((v, i) => 2 * Math.exp(-0.7 * v) + 0.02 * Math.sin(13 * i));
    const residual = (p: Float64Array) =>
      Float64Array.from(t, (v, i) => p[0]! * Math.exp(-p[1]! * v) - y[i]!);
    const jacobian = (p: Float64Array) =>
      Float64Array.from(t.flatMap((v) => [Math.exp(-p[1]! * v), -p[0]! * v * Math.exp(-p[1]! * v)]));
    const ours = await levenbergMarquardt({ residual, jacobian }, Float64Array.of(1, 1));
    const theirs = peer(
      { x: t, y },
      ([a, b]) =>
        (v: number) =>
          a! * Math.exp(-b! * v),
      {
        ...{ initialValues: [1, 1], damping: 1e-3, maxIterations: 200, errorTolerance: 1e-12 },
      },
    );
    theirs.parameterValues.forEach((v, k) => expect(ours.x[k]).toBeCloseTo(v, 2));
  });

  it("answers what has no answer by a status, and refuses what it cannot take", async () => {
    const start = Float64Array.of(1, 1);
    const dead = {
      residual: (x: Float64Array) => Float64Array.of(x[0]!),
      jacobian: () => Float64Array.of(1, 0),
    };
    expect((await levenbergMarquardt(dead, start)).status).toBe("singular");
    const nan = { ...rosenbrock, residual: () => Float64Array.of(NaN, 0) };
    expect((await levenbergMarquardt(nan, start)).status).toBe("non-finite");
    const wrong = { ...rosenbrock, jacobian: (x: Float64Array) => rosenbrock.jacobian(x).map((v) => -v) };
    expect((await levenbergMarquardt(wrong, Float64Array.of(-1.2, 1))).status).toBe("stalled");
    const stop = new AbortController();
    const aborted = await levenbergMarquardt(rosenbrock, Float64Array.of(-1.2, 1), {
      signal: stop.signal,
      onIteration: ({ iteration }) => iteration === 2 && stop.abort(),
    });
    expect(aborted).toMatchObject({ status: "aborted", iterations: 2 });
    const short = await levenbergMarquardt(rosenbrock, Float64Array.of(-1.2, 1), { maxIterations: 1 });
    expect(short.status).toBe("max-iterations");
    await expect(levenbergMarquardt(rosenbrock, new Float64Array(0))).rejects.toThrow(/one number or more/);
    await expect(levenbergMarquardt(rosenbrock, start, { damping: 0 })).rejects.toThrow(/damping/);
    await expect(
      levenbergMarquardt({ ...rosenbrock, jacobian: () => new Float64Array(3) }, start),
    ).rejects.toThrow(/Jacobian \[2, 2\]/);
  });
});
