import { describe, expect, it } from "vitest";
import { seededUniform } from "../../data/seeded.js";
import { sparseFromTriplets } from "../sparse.js";
import { completeMatrix } from "./complete-matrix.js";
import { exactLeastSquares } from "./least-squares.js";
import { lowRankEntries, lowRankToDense, observedEntries, type LowRankMatrix } from "./low-rank.js";
import { sketchedLeastSquares } from "./sketched.js";
import { clipRows } from "./spectral-start.js";
import { randomLowRank } from "./synthetic.js";

const relativeError = (x: LowRankMatrix, truth: LowRankMatrix): number => {
  const [a, b] = [lowRankToDense(x).data, lowRankToDense(truth).data];
  return Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0) / b.reduce((sum, v) => sum + v * v, 0));
};
const fixed = { tolerance: 0, leastProgress: 0 };

describe("completeMatrix", () => {
  it.each([0, 1])("recovers an exactly low-rank matrix as fast as exact steps do, seed %i", async (seed) => {
    const how = { rows: 200, columns: 150, rank: 5, condition: 2, density: 0.3, seed };
    const { observed, truth } = randomLowRank(how);
    const options = { rank: 5, maxIterations: 12, seed, ...fixed };
    const sketched = await completeMatrix(observed, options);
    const exact = await completeMatrix(observed, { ...options, leastSquares: exactLeastSquares() });
    expect(sketched).toMatchObject({ status: "max-iterations", iterations: 12 });
    expect(sketched.residuals).toHaveLength(13);
    expect(relativeError(sketched.x, truth)).toBeLessThan(1e-5);
    expect(relativeError(sketched.x, truth)).toBeLessThan(1.5 * relativeError(exact.x, truth));
    expect(await completeMatrix(observed, options)).toEqual(sketched);
  });

  it("says that it converged, and gives the right factor orthonormal", async () => {
    const { observed, truth } = randomLowRank({ rows: 60, columns: 50, rank: 3, density: 0.5, seed: 4 });
    const { x, status, residuals, iterations } = await completeMatrix(observed, { rank: 3 });
    expect(status).toBe("converged");
    expect(residuals.at(-1)).toBeLessThanOrEqual(1e-8);
    expect(iterations).toBeLessThan(50);
    expect(relativeError(x, truth)).toBeLessThan(1e-6);
    for (let p = 0; p < 3; p++)
      for (let q = 0; q < 3; q++) {
        let sum = 0;
        for (let j = 0; j < 50; j++) sum += x.right[3 * j + p]! * x.right[3 * j + q]!;
        expect(sum).toBeCloseTo(p === q ? 1 : 0, 12);
      }
  });

  it("recovers a fully observed matrix in one round from any start", async () => {
    const { observed, truth } = randomLowRank({ rows: 40, columns: 30, rank: 4, density: 1, condition: 3 });
    const uniform = seededUniform(7);
    const start = Float64Array.from({ length: 160 }, () => uniform() - 0.5);
    const options = { rank: 4, maxIterations: 1, start, incoherence: Infinity };
    const { x } = await completeMatrix(observed, { ...options, leastSquares: exactLeastSquares() });
    expect(relativeError(x, truth)).toBeLessThan(1e-12);
    expect(start[0]).toBe(seededUniform(7)() - 0.5);
  });

  it("completes [[a, b], [c, ?]] by bc/a", async () => {
    const observed = sparseFromTriplets({
      ...{ rows: 2, columns: 2, row: [0, 0, 1], column: [0, 1, 0], value: [2, 3, 5] },
    });
    const { x, status } = await completeMatrix(observed, { rank: 1, maxIterations: 200, leastProgress: 0 });
    expect(status).toBe("converged");
    expect(lowRankEntries(x, [1], [1])[0]).toBeCloseTo(7.5, 6);
  });

  it("scales with the data, and permutes with its rows", async () => {
    const { observed } = randomLowRank({ rows: 50, columns: 40, rank: 2, density: 0.6, seed: 3 });
    const options = { rank: 2, maxIterations: 4, leastSquares: exactLeastSquares(), ...fixed };
    const plain = lowRankToDense((await completeMatrix(observed, options)).x).data;
    const scaled = { ...observed, values: observed.values.map((v) => -7 * v) };
    const seven = lowRankToDense((await completeMatrix(scaled, options)).x).data;
    plain.forEach((v, e) => expect(seven[e]).toBeCloseTo(-7 * v, 8));

    const row = observed.values.map(() => 0);
    for (let i = 0; i < 50; i++) row.fill(49 - i, observed.starts[i], observed.starts[i + 1]);
    const turned = sparseFromTriplets({
      ...{ rows: 50, columns: 40, row, column: observed.indices, value: observed.values },
    });
    const back = lowRankToDense((await completeMatrix(turned, options)).x).data;
    plain.forEach((v, e) => expect(back[(49 - Math.floor(e / 40)) * 40 + (e % 40)]).toBeCloseTo(v, 4));
  });

  it("only goes downhill with exact steps on all entries", async () => {
    const { observed } = randomLowRank({ rows: 60, columns: 40, rank: 6, density: 0.5, noise: 0.3, seed: 2 });
    const options = { rank: 3, maxIterations: 15, leastSquares: exactLeastSquares(), ...fixed };
    const { residuals } = await completeMatrix(observed, options);
    residuals.slice(2).forEach((v, i) => expect(v).toBeLessThanOrEqual(residuals[i + 1]! * (1 + 1e-12)));
  });

  it("settles on noisy data, at about the noise", async () => {
    const how = { rows: 150, columns: 120, rank: 3, density: 0.4, noise: 0.1, seed: 5 };
    const { observed, truth } = randomLowRank(how);
    const { status, reason, x, residuals } = await completeMatrix(observed, { rank: 3 });
    expect(status).toBe("stalled");
    expect(reason).toMatch(/settles at 0\.0/);
    expect(residuals.at(-1)).toBeLessThan(0.1);
    expect(relativeError(x, truth)).toBeLessThan(0.06);
  });

  it("needs many more entries when every half-step has its own", async () => {
    const { observed, truth } = randomLowRank({ rows: 200, columns: 150, rank: 3, density: 0.9, seed: 1 });
    const options = { rank: 3, maxIterations: 6, leastSquares: exactLeastSquares(), ...fixed };
    const reused = relativeError((await completeMatrix(observed, options)).x, truth);
    const split = relativeError((await completeMatrix(observed, { ...options, partition: true })).x, truth);
    expect(reused).toBeLessThan(1e-9);
    expect(split).toBeGreaterThan(10 * reused);
    expect(split).toBeLessThan(0.05);
  });

  it("counts rows with too few entries, and guesses them small", async () => {
    const { observed } = randomLowRank({ rows: 30, columns: 20, rank: 2, density: 0.7, seed: 1 });
    const [from, to] = [observed.starts[4]!, observed.starts[5]!];
    const kept = [...observed.values.keys()].filter((e) => e < from || e >= to);
    const row = observed.values.map(() => 0);
    for (let i = 0; i < 30; i++) row.fill(i, observed.starts[i], observed.starts[i + 1]);
    const rest = sparseFromTriplets({
      ...{
        rows: 30,
        columns: 20,
        row: kept.map((e) => row[e]!),
        column: kept.map((e) => observed.indices[e]!),
      },
      value: kept.map((e) => observed.values[e]!),
    });
    const { underdetermined, x, status } = await completeMatrix(rest, { rank: 2 });
    expect(status).toBe("converged");
    expect(underdetermined).toEqual({ rows: 1, columns: 0 });
    expect([...x.left.subarray(8, 10)]).toEqual([0, 0]);
  });

  it("answers data that have no answer by a status", async () => {
    const few = observedEntries({ data: Float64Array.of(1, NaN, NaN, 2, NaN, NaN), shape: [2, 3] });
    expect(await completeMatrix(few, { rank: 1 })).toMatchObject({ status: "singular", iterations: 0 });
    const ridged = { rank: 1, leastSquares: sketchedLeastSquares({ ridge: 0.1 }) };
    expect((await completeMatrix(few, ridged)).status).toBe("stalled");
    for (const bad of [NaN, Infinity, 1e200]) {
      const wrong = { ...few, values: Float64Array.of(1, bad) };
      expect((await completeMatrix(wrong, { rank: 1 })).status).toBe("non-finite");
    }
    const zero = { ...few, values: new Float64Array(2) };
    expect(await completeMatrix(zero, { rank: 1 })).toMatchObject({ status: "converged", residuals: [0] });
    // With a rank above the true one the observed entries fit, the others go anywhere; a ridge bounds them.
    const { observed, truth } = randomLowRank({ rows: 30, columns: 30, rank: 1, density: 0.6 });
    const more = await completeMatrix(observed, { rank: 4 });
    expect(more.status).toBe("converged");
    expect(relativeError(more.x, truth)).toBeGreaterThan(1);
    const leastSquares = sketchedLeastSquares({ ridge: 1e-2 });
    const tamed = await completeMatrix(observed, { rank: 4, leastSquares });
    expect(tamed.status).toBe("stalled");
    expect(relativeError(tamed.x, truth)).toBeLessThan(0.7);
  });

  it("stops at the signal, and tells of every round", async () => {
    const { observed } = randomLowRank({ rows: 40, columns: 30, rank: 2, density: 0.5 });
    const stop = new AbortController();
    const seen: number[] = [];
    const outcome = await completeMatrix(observed, {
      ...{ rank: 2, signal: stop.signal, ...fixed },
      onIteration({ iteration, residual, x, work }) {
        seen.push(residual);
        expect(x.left).toHaveLength(80);
        expect(work.left + work.right).toBeGreaterThan(0);
        if (iteration === 3) setTimeout(() => stop.abort(), 0);
      },
    });
    expect(outcome.status).toBe("aborted");
    expect(seen).toEqual(outcome.residuals.slice(1));
    expect(outcome.iterations).toBeLessThan(6);
    const none = await completeMatrix(observed, { rank: 2, maxIterations: 0 });
    expect(none).toMatchObject({ status: "max-iterations", iterations: 0, work: { left: 0, right: 0 } });
    expect(none.residuals[0]).toBeLessThan(1);
  });

  it("refuses what it cannot take", async () => {
    const { observed } = randomLowRank({ rows: 6, columns: 5, rank: 1, density: 0.9 });
    const wrong = [
      [{ rank: 0 }, /rank a whole number of at least 1, got 0/],
      [{ rank: 6 }, /rank at most 5, got 6/],
      [{ rank: 1, start: new Float64Array(3) }, /\[6, 1\], got 3 elements/],
      [{ rank: 1, incoherence: 0 }, /incoherence/],
      [{ rank: 1, leastProgress: 1 }, /leastProgress/],
      [{ rank: 1, seed: -1 }, /seed/],
      [{ rank: 1, rounds: 3 }, /option "rounds"/],
    ] as const;
    for (const [options, words] of wrong)
      await expect(completeMatrix(observed, options)).rejects.toThrow(words);
    const empty = observedEntries({ data: new Float64Array(4).fill(NaN), shape: [2, 2] });
    await expect(completeMatrix(empty, { rank: 1 })).rejects.toThrow(/at least one observed entry/);
  });
});

describe("the parts around it", () => {
  it("clips long rows of the start", () => {
    const u = Float64Array.from({ length: 100 }, (_, i) => (i === 0 ? 0.9 : Math.sqrt(0.19 / 99)));
    clipRows(u, 100, 1, 2);
    expect(u[0]).toBe(0);
    expect(u[1]).toBeCloseTo(1 / Math.sqrt(99), 12);
  });

  it("reads what is observed of a dense matrix, zeros included", () => {
    const data = Float64Array.of(0, NaN, 2, 3, 4, 5);
    const a = observedEntries({ data, shape: [2, 3] }, [1, 1, 1, 0, 1, 0]);
    expect([...a.indices]).toEqual([0, 2, 1]);
    expect([...a.values]).toEqual([0, 2, 4]);
    expect(() => observedEntries({ data, shape: [3, 3] })).toThrow(/got \[3, 3\] with 6 elements/);
    expect(() => observedEntries({ data, shape: [2, 3] }, [true])).toThrow(/mask of 6/);
  });

  it("gives entries of a low-rank matrix", () => {
    const x = {
      ...{ rows: 2, columns: 2, rank: 1 },
      ...{ left: Float64Array.of(1, 2), right: Float64Array.of(3, 4) },
    };
    expect([...lowRankEntries(x, [1, 0], [0, 1])]).toEqual([6, 4]);
    expect([...lowRankToDense(x).data]).toEqual([3, 4, 6, 8]);
    expect(() => lowRankEntries(x, [2], [0])).toThrow(/within 2 x 2, got \(2, 0\)/);
    expect(() => lowRankEntries(x, [1], [])).toThrow(/1, 0/);
  });

  it("draws problems with the density, spectrum and noise that are asked for", () => {
    const how = { rows: 300, columns: 200, rank: 3, density: 0.25, seed: 3 };
    const { observed, truth } = randomLowRank({ ...how, condition: 5 });
    expect(observed.values.length / 60_000).toBeCloseTo(0.25, 1);
    const lengths = [0, 1, 2].map((l) => Math.hypot(...truth.left.filter((_, i) => i % 3 === l)));
    lengths.forEach((v, l) => expect(v).toBeCloseTo([5, 3, 1][l]!, 10));
    const clean = randomLowRank(how);
    const noisy = randomLowRank({ ...how, noise: 0.5 });
    const gaps = noisy.observed.values.map((v, e) => v - clean.observed.values[e]!);
    const scale = Math.sqrt(3 / 60_000);
    expect(Math.hypot(...gaps) / Math.sqrt(gaps.length) / scale).toBeCloseTo(0.5, 1);
    expect(() => randomLowRank({ ...how, density: 0 })).toThrow(/density/);
    expect(() => randomLowRank({ ...how, rank: 201 })).toThrow(/columns/);
  });
});
