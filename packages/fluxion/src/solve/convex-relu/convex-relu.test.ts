import { Matrix, solve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { seededUniform } from "../../data/seeded.js";
import { largestBeta, optimalityGap } from "./certificate.js";
import { convexRelu } from "./convex-relu.js";
import { exactStep } from "./exact-step.js";
import { blockStep } from "./block-step.js";
import { reluLosses } from "./losses.js";
import { recoverNetwork, reluCost, reluOutputs } from "./network.js";
import { convexOperators, rowCombinations } from "./operators.js";
import { enumeratePatterns, maskOf, samplePatterns } from "./patterns.js";
import { sampledProgram } from "./sampled-program.js";
import { gaussian, wave } from "./testdata.js";

const uniform = seededUniform(9);
const vector = (n: number): Float64Array => Float64Array.from({ length: n }, () => 2 * uniform() - 1);
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, j) => sum + v * b[j]!, 0);

describe("the u-step", () => {
  const [n, d, rho] = [12, 3, 0.3];
  const { x, y } = gaussian(n, d, 5);
  const problem = { x: Float64Array.from(x.data), y, n, d };
  const operators = convexOperators(problem, samplePatterns(x, { count: 20, seed: 1 }));
  const size = operators.rows * d;
  const [a, b] = [vector(size), vector(operators.rows * n)];
  const predictAdjoint = (q: Float64Array): Float64Array =>
    rowCombinations(operators.spread(q), problem.x, operators.rows, n, d);
  /** The gradient of ½‖Fu − y‖² + (ρ/2)(‖u − a‖² + ‖Gu − b‖²). */
  const gradient = (u: Float64Array): Float64Array => {
    const first = predictAdjoint(operators.predict(u).map((v, k) => v - y[k]!));
    const second = operators.signsAdjoint(operators.signs(u).map((v, k) => v - b[k]!));
    return u.map((v, j) => first[j]! + rho * (v - a[j]! + second[j]!));
  };

  it("has adjoint operators", () => {
    const [u, q, s] = [vector(size), vector(n), vector(operators.rows * n)];
    expect(dot(operators.predict(u), q)).toBeCloseTo(dot(u, predictAdjoint(q)), 10);
    expect(dot(operators.signs(u), s)).toBeCloseTo(dot(u, operators.signsAdjoint(s)), 10);
  });

  it("by Woodbury and Hadamard equals a dense solve", () => {
    const columns = Array.from({ length: size }, (_, j) => {
      const unit = new Float64Array(size);
      unit[j] = 1;
      const zero = gradient(new Float64Array(size));
      return gradient(unit).map((v, i) => v - zero[i]!);
    });
    const hessian = new Matrix(columns.map((c) => Array.from(c)));
    const right = Matrix.columnVector(Array.from(gradient(new Float64Array(size)), (v) => -v));
    const want = solve(hessian, right).to1DArray();
    const got = exactStep(operators).minimize([a, b], rho, a);
    const largest = Math.max(...want.map(Math.abs));
    want.forEach((v, j) => expect(Math.abs(got[j]! - v)).toBeLessThanOrEqual(1e-10 * largest));
  });

  it("by blocks only goes downhill, and to the same point", () => {
    const want = exactStep(operators).minimize([a, b], rho, a);
    const step = blockStep(operators, reluLosses.squared, { seed: 0, sweeps: 1 });
    let u: Float64Array = new Float64Array(size);
    let before = Infinity;
    for (let i = 0; i < 400; i++) {
      u = step.minimize([a, b], rho, u);
      const away = u.map((v, j) => v - want[j]!);
      // Twice the height above the minimum; near it, rounding may make it negative.
      const distance = Math.sqrt(Math.max(0, dot(gradient(u), away)));
      expect(distance).toBeLessThanOrEqual(before * (1 + 1e-9) + 1e-9);
      before = distance;
    }
    want.forEach((v, j) => expect(u[j]).toBeCloseTo(v, 5));
  });
});

describe("recovery", () => {
  it("keeps outputs and cost of a feasible point", () => {
    const { x, y } = gaussian(12, 3, 6);
    const values = Float64Array.from(x.data);
    // Directions define their patterns, so v, w along them are feasible.
    const directions = Array.from({ length: 8 }, () => vector(3));
    const masks = Uint8Array.from(directions.flatMap((h) => [...maskOf(values, 12, 3, h)]));
    const patterns = { n: 12, count: 8, masks, complete: false };
    const rows = (every: number): Float64Array =>
      Float64Array.from(directions.flatMap((h, i) => [...h].map((v) => (i % 3 === every ? 0 : v * (i + 1)))));
    const weights = { v: rows(0), w: rows(1) };
    const beta = 0.3;
    const operators = convexOperators({ x: values, y, n: 12, d: 3 }, patterns);
    const yhat = operators.predict(Float64Array.of(...weights.v, ...weights.w));
    const norms = [weights.v, weights.w].flatMap((m) =>
      directions.map((_, i) => Math.hypot(...m.subarray(3 * i, 3 * i + 3))),
    );
    const convex =
      yhat.reduce((s, v, k) => s + (v - y[k]!) ** 2 / 2, 0) + beta * norms.reduce((s, v) => s + v, 0);
    const network = recoverNetwork(weights, 3);
    expect(network.output).toHaveLength(norms.filter((v) => v > 0).length);
    expect(Math.abs(reluCost(network, { x, y, beta }) / convex - 1)).toBeLessThan(1e-9);
    reluOutputs(network, x).forEach((v, k) => expect(v).toBeCloseTo(yhat[k]!, 9));
    expect(() => recoverNetwork({ v: new Float64Array(4), w: new Float64Array(4) }, 3)).toThrow(
      /v, w \[P, 3\]/,
    );
  });
});

describe("convexRelu", () => {
  const data = wave(12, 1);
  const patterns = enumeratePatterns(data.x);
  const beta = 1e-2;

  it("finds the global optimum in the plane, and proves it", async () => {
    const fit = await convexRelu({ ...data, beta }, { patterns, rho: 0.01, maxIterations: 4000 });
    const gap = fit.certificate();
    expect(gap.scope).toBe("all networks");
    expect(gap.relativeGap).toBeLessThan(1e-2);
    expect(gap.relativeGap).toBeGreaterThanOrEqual(0);
    expect(fit.cost).toBeCloseTo(reluCost(fit.x, { ...data, beta }), 12);
    // The dual norm at the residual is beta, checked on a fine grid of directions.
    const residual = reluOutputs(fit.x, data.x).map((v, k) => data.y[k]! - v);
    let largest = 0;
    for (let i = 0; i < 20_000; i++) {
      const [c, s] = [Math.cos((i * Math.PI) / 10_000), Math.sin((i * Math.PI) / 10_000)];
      let sum = 0;
      for (let k = 0; k < 12; k++) sum += residual[k]! * Math.max(0, c * data.x.data[2 * k]! + s);
      largest = Math.max(largest, Math.abs(sum));
    }
    expect(largest).toBeLessThanOrEqual(beta * 1.01);
    expect(fit.costs[0]).toEqual([0, data.y.reduce((sum, v) => sum + v * v, 0) / 2]);
  });

  it("gives the zero network, optimal, from largestBeta on, and not below it", async () => {
    const edge = largestBeta(data, patterns);
    const above = await convexRelu({ ...data, beta: edge * 1.001 }, { patterns });
    expect(above.x.output).toHaveLength(0);
    expect(above.certificate().relativeGap).toBeLessThan(1e-9);
    const below = await convexRelu({ ...data, beta: edge * 0.9 }, { patterns });
    expect(below.x.output.length).toBeGreaterThan(0);
  });

  it("reaches the same cost by blocks", async () => {
    const exact = await convexRelu({ ...data, beta: 0.1 }, { patterns, maxIterations: 1000 });
    const blocks = await convexRelu(
      { ...data, beta: 0.1 },
      { patterns, step: "blocks", maxIterations: 1000 },
    );
    expect(Math.abs(blocks.cost / exact.cost - 1)).toBeLessThan(0.01);
    expect(exact.stepCost.setup).toBeGreaterThan(12 ** 3 / 6);
  });

  it("trains the cross-entropy, with a certificate", async () => {
    const y = data.y.map((v) => (v > 0 ? 1 : 0));
    const fit = await convexRelu(
      { ...data, y, beta: 0.1, loss: "cross-entropy" },
      { patterns, maxIterations: 2000 },
    );
    expect(fit.certificate().relativeGap).toBeLessThan(0.02);
    expect(fit.certificate().bound).toBeGreaterThan(0);
  });

  it("calls back, stops at the signal, and refuses what it cannot do", async () => {
    const seen: (number | undefined)[] = [];
    const stop = new AbortController();
    const fit = await convexRelu(
      { ...data, beta },
      {
        ...{ patterns, recordEvery: 2, signal: stop.signal },
        onIteration: ({ iteration, cost }) => {
          seen.push(cost);
          if (iteration === 4) stop.abort();
        },
      },
    );
    expect(fit).toMatchObject({ status: "aborted", iterations: 4 });
    expect(seen.map((cost) => cost === undefined)).toEqual([true, false, true, false]);
    const reject = (objective: object, options: object, words: RegExp) =>
      expect(convexRelu({ ...data, beta, ...objective }, options)).rejects.toThrow(words);
    await reject({ y: [1, 2] }, {}, /12 targets/);
    await reject({ y: data.y.map(() => NaN) }, {}, /finite targets, got NaN in row 0/);
    await reject({ beta: 0 }, {}, /beta/);
    await reject({ loss: "hinge" }, {}, /loss one of squared, cross-entropy/);
    await reject({ loss: "cross-entropy" }, {}, /targets 0 or 1/);
    const labels = { y: data.y.map((v) => (v > 0 ? 1 : 0)), loss: "cross-entropy" };
    await reject(labels, { step: "exact" }, /step "blocks" for this loss/);
    await reject({}, { patterns: samplePatterns(wave(5, 0).x) }, /patterns of 12 examples/);
    await reject({}, { iterations: 5 }, /"iterations"/);
  });

  it("survives features of rank one, constants and a single example", async () => {
    for (const [list, d] of [
      [[1, 1, 2, 2, 3, 3], 2],
      [[0, 0, 0], 1],
      [[5, -3], 2],
    ] as const) {
      const n = list.length / d;
      const x = { data: Float64Array.from(list), shape: [n, d] };
      const fit = await convexRelu({ x, y: new Float64Array(n).fill(1), beta: 0.01 }, { maxIterations: 300 });
      expect(fit.cost).toSatisfy(Number.isFinite);
      expect(fit.certificate().gap).toSatisfy(Number.isFinite);
    }
  });
});

describe("optimalityGap", () => {
  it("bounds every network from below, wherever it is asked", async () => {
    const data = gaussian(10, 3, 8);
    const objective = { ...data, beta: 0.2 };
    const patterns = enumeratePatterns(data.x);
    const best = await convexRelu(objective, { patterns, maxIterations: 3000 });
    for (let i = 0; i < 10; i++) {
      const network = { hidden: vector(12), output: vector(4) };
      const { bound, gap } = optimalityGap(network, objective, patterns);
      expect(bound).toBeLessThanOrEqual(best.cost + 1e-9);
      expect(gap).toBeGreaterThanOrEqual(reluCost(network, objective) - best.cost - 1e-9);
    }
  });
});

describe("sampledProgram", () => {
  it("costs less with more units, never less than the optimum", async () => {
    const data = wave(12, 2);
    for (const [loss, y] of [
      ["squared", data.y],
      ["cross-entropy", data.y.map((v) => (v > 0 ? 1 : 0))],
    ] as const) {
      const objective = { x: data.x, y, beta: 0.05, loss };
      const options = { seed: 3, maxIterations: 5000 };
      const costs = [5, 50, 500].map((neurons) => sampledProgram(objective, { ...options, neurons }).cost);
      expect(costs[1]).toBeLessThanOrEqual(costs[0]! + 1e-6);
      expect(costs[2]).toBeLessThanOrEqual(costs[1]! + 1e-6);
      const all = enumeratePatterns(data.x);
      const best = await convexRelu(objective, { patterns: all, maxIterations: 2000 });
      expect(costs[2]).toBeGreaterThanOrEqual(best.certificate().bound - 1e-9);
    }
  });

  it("refuses no units and says how it ended", () => {
    const objective = { ...wave(12, 2), beta: 0.05 };
    expect(() => sampledProgram(objective, { neurons: 0 })).toThrow(/neurons/);
    const { status, cost, x } = sampledProgram(objective, { maxIterations: 1 });
    expect(status).toBe("max-iterations");
    expect(cost).toBeCloseTo(reluCost(x, objective), 12);
  });
});
