import { describe, expect, it } from "vitest";
import { OptionError, ShapeError } from "../../core/errors.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import {
  energyDistance,
  frechetDistance,
  moments,
  precisionRecall,
  slicedWasserstein,
  type Samples,
} from "./index.js";

/** Samples of N(mean, diag(sd²)). */
function gaussian(n: number, mean: readonly number[], sd: readonly number[], seed: number): Samples {
  const normal = normalFrom(seededUniform(seed));
  const d = mean.length;
  return {
    data: Float64Array.from({ length: n * d }, (_, i) => mean[i % d]! + sd[i % d]! * normal()),
    shape: [n, d],
  };
}
const rows = (...list: readonly (readonly number[])[]): Samples => ({
  data: Float32Array.from(list.flat()),
  shape: [list.length, list[0]!.length],
});
const shifted = ({ data, shape }: Samples, by: readonly number[]): Samples => ({
  data: Float64Array.from(data, (v, i) => v + by[i % by.length]!),
  shape,
});

describe("Fréchet distance", () => {
  it("takes mean and covariance in double", () => {
    const { mean, covariance } = moments(rows([1, 2], [3, 2], [5, 8]));
    expect([...mean]).toEqual([3, 4]);
    [4, 6, 6, 12].forEach((v, i) => expect(covariance[i]).toBeCloseTo(v, 12));
    const far = moments(rows([1e6, 0], [1e6 + 1, 1]));
    expect(far.covariance[0]).toBeCloseTo(0.5, 9);
  });

  it("equals the closed form for covariances that commute", () => {
    const diagonal = (m: number[], s: number[]) => ({
      mean: Float64Array.from(m),
      covariance: Float64Array.from([s[0]! ** 2, 0, 0, s[1]! ** 2]),
    });
    const want = 3 ** 2 + 4 ** 2 + (1 - 3) ** 2 + (2 - 0.5) ** 2;
    expect(frechetDistance(diagonal([0, 0], [1, 2]), diagonal([3, 4], [3, 0.5]))).toBeCloseTo(want, 10);
  });

  it("equals the closed form for 2 x 2 covariances that do not commute", () => {
    const [a, b] = [
      [2, 1, 1, 3],
      [1, -0.5, -0.5, 4],
    ].map((c) => ({
      mean: new Float64Array(2),
      covariance: Float64Array.from(c),
    }));
    // tr √M = √(tr M + 2√det M) for a 2 x 2 matrix M = C₁C₂ with positive eigenvalues.
    const [tr, det] = [2 * 1 + 1 * -0.5 + 1 * -0.5 + 3 * 4, 5 * 3.75];
    const want = 5 + 5 - 2 * Math.sqrt(tr + 2 * Math.sqrt(det));
    expect(frechetDistance(a!, b!)).toBeCloseTo(want, 10);
    expect(frechetDistance(b!, a!)).toBeCloseTo(want, 10);
  });

  it("is 0 for equal moments, also singular ones, and converges on samples", () => {
    const line = moments(rows([1, 1, 0], [2, 2, 0], [3, 3, 0]));
    expect(frechetDistance(line, line)).toBeCloseTo(0, 6);
    const [x, y] = [gaussian(20_000, [0, 0], [1, 1], 1), gaussian(20_000, [1, 0], [2, 1], 2)].map(moments);
    expect(Math.abs(frechetDistance(x!, y!) - 2)).toBeLessThan(0.06);
  });

  it("gives NaN for samples that are not finite", () => {
    const bad = moments(rows([NaN, 1], [0, 1]));
    expect(frechetDistance(bad, bad)).toBeNaN();
  });
});

describe("sliced Wasserstein distance", () => {
  it("is exact on the line, for sets of different sizes too", () => {
    const [a, b] = [rows([1], [0]), rows([1], [0], [0.5])];
    expect(slicedWasserstein(a, b, { p: 1, projections: 3 })).toBeCloseTo(1 / 6, 12);
    expect(slicedWasserstein(b, a, { p: 1, projections: 3 })).toBeCloseTo(1 / 6, 12);
    expect(slicedWasserstein(a, shifted(a, [0.25]))).toBeCloseTo(0.25, 12);
    expect(slicedWasserstein(a, a)).toBe(0);
  });

  it("of a shift is its length over √D", () => {
    const x = gaussian(300, [0, 0, 0], [1, 2, 3], 3);
    const got = slicedWasserstein(x, shifted(x, [1, 2, 2]), { projections: 4000 });
    expect(Math.abs(got - 3 / Math.sqrt(3))).toBeLessThan(0.05);
  });

  it("of Gaussians of one mean is the closed form", () => {
    // W₂ on the line θ of N(0, I) and N(0, s²I) is |1 − s| for every direction.
    const [x, y] = [gaussian(20_000, [0, 0], [1, 1], 4), gaussian(20_000, [0, 0], [1.5, 1.5], 5)];
    expect(Math.abs(slicedWasserstein(x, y, { projections: 16 }) - 0.5)).toBeLessThan(0.03);
  });

  it("depends on the seed only", () => {
    const [x, y] = [gaussian(50, [0, 0], [1, 1], 6), gaussian(40, [1, 0], [1, 1], 7)];
    const of = (seed: number): number => slicedWasserstein(x, y, { projections: 4, seed });
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe(of(2));
  });
});

describe("energy distance", () => {
  it("of point masses is twice their distance, of equal sets 0", () => {
    expect(energyDistance(rows([0, 0]), rows([3, 4]))).toBe(10);
    const x = gaussian(40, [0, 0], [1, 1], 8);
    expect(energyDistance(x, x)).toBe(0);
  });

  it("of two Gaussians is the closed form", () => {
    // With σ = √2: E|N(μ, 2)| = σ√(2/π)·exp(−μ²/4) + μ·erf(μ/2); here μ = 2 and erf(1) = 0.8427007929.
    const cross = 2 * Math.exp(-1) * Math.sqrt(1 / Math.PI) + 2 * 0.8427007929;
    const want = 2 * cross - 2 * (2 / Math.sqrt(Math.PI));
    const got = energyDistance(gaussian(3000, [0], [1], 9), gaussian(3000, [2], [1], 10));
    expect(Math.abs(got - want)).toBeLessThan(0.1);
  });
});

describe("precision and recall", () => {
  const near = gaussian(150, [0, 0], [1, 1], 11);
  const far = gaussian(150, [50, 0], [1, 1], 12);
  const both: Samples = { data: Float64Array.from([...near.data, ...far.data]), shape: [300, 2] };

  it("are 1 for equal sets and 0 for sets apart", () => {
    expect(precisionRecall(near, near)).toEqual({ precision: 1, recall: 1 });
    expect(precisionRecall(near, far)).toEqual({ precision: 0, recall: 0 });
  });

  it("tell fidelity from coverage", () => {
    const oneMode = precisionRecall(both, near);
    expect(oneMode.precision).toBe(1);
    expect(oneMode.recall).toBe(0.5);
    expect(precisionRecall(near, both)).toEqual({ precision: 0.5, recall: 1 });
  });

  it("use the k-th neighbour's distance, ends included", () => {
    const real = rows([0], [1], [3]);
    // Radii for k = 1: 1, 1 and 2.
    expect(precisionRecall(real, rows([-1], [5], [5.5]), { k: 1 }).precision).toBeCloseTo(2 / 3, 12);
  });
});

it("refuses sets that do not fit", () => {
  const x = rows([1, 2], [3, 4]);
  expect(() => moments(rows([1, 2]))).toThrow(ShapeError);
  expect(() => energyDistance(x, rows([1]))).toThrow(/rows of 2 numbers/);
  expect(() => slicedWasserstein({ data: new Float32Array(3), shape: [2, 2] }, x)).toThrow(ShapeError);
  expect(() => slicedWasserstein({ data: new Float32Array(0), shape: [0, 2] }, x)).toThrow(ShapeError);
  expect(() => slicedWasserstein(x, x, { projections: 0 })).toThrow(OptionError);
  expect(() => precisionRecall(x, x)).toThrow(ShapeError);
  expect(() => precisionRecall(x, x, { neighbours: 1 } as never)).toThrow(OptionError);
  expect(() => frechetDistance(moments(x), moments(rows([1], [2])))).toThrow(ShapeError);
});
