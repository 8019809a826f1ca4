import { afterAll, describe, expect, it } from "vitest";
import { OptionError, ShapeError, tensor, type Tensor } from "../index.js";
import { virtualPool } from "../distributed/index.js";
import { clippedGradientSum, type ClippedQuery } from "./clipped-sum.js";
import { diff2, diff2Client, type Diff2Options, type Diff2State, gradientStep, trainDiff2 } from "./diff2.js";
import { diff2Noise, longestPhase, type Diff2NoiseOptions } from "./diff2-noise.js";
import { deltaOfRho, epsilonOfRho, gaussianRho, rhoForBudget } from "./gaussian-accountant.js";
import { normalCdf } from "./normal-cdf.js";
import { secureNoise, seededNoise } from "./noise.js";

const delta = 1e-5;

describe("accounting", () => {
  it("knows the normal distribution in both tails", () => {
    for (const [x, value] of [
      [0, 0.5],
      [1, 0.8413447460685429],
      [-1.96, 0.024997895148220435],
      [-3, 0.0013498980316300933],
      [-3.0000001, 0.0013498975869839],
      [-10, 7.61985302416052e-24],
      [-30, 4.906713927148187e-198],
    ] as const) {
      expect(Math.abs(normalCdf(x) / value - 1), String(x)).toBeLessThan(x === -3.0000001 ? 1e-8 : 1e-12);
    }
  });

  it.each([
    [0.5, 48, 0.005208, 0.495, 0.3836, 0.3483],
    [1, 25, 0.02, 0.9797, 0.7943, 0.7255],
    [3, 9, 0.166667, 2.9371, 2.5412, 2.3414],
    [5, 6, 0.416667, 4.7971, 4.2596, 3.94],
    [8, 4, 1, 7.7861, 7.0772, 6.573],
  ])(
    "epsilon asked %d: order %i, and what rho %d is by three methods",
    (epsilon, alpha, rho, zcdp, rdp, gdp) => {
      const noise = diff2Noise({
        budget: { epsilon, delta },
        rounds: 10,
        restartEvery: 1,
        smallest: 7,
        clients: 3,
      });
      expect(noise.alpha).toBe(alpha);
      expect(noise.rho).toBeCloseTo(epsilon / (2 * alpha), 12);
      expect(noise.rho).toBeCloseTo(rho, 6);
      expect(epsilonOfRho(noise.rho, delta, "zcdp")).toBeCloseTo(zcdp, 4);
      expect(epsilonOfRho(noise.rho, delta, "rdp")).toBeCloseTo(rdp, 4);
      expect(epsilonOfRho(noise.rho, delta)).toBeCloseTo(gdp, 4);
    },
  );

  it("inverts itself and adds up", () => {
    for (const epsilon of [0.1, 1, 10]) {
      const rho = rhoForBudget({ epsilon, delta });
      expect(epsilonOfRho(rho, delta)).toBeCloseTo(epsilon, 9);
      expect(deltaOfRho(rho, epsilon)).toBeLessThanOrEqual(delta * (1 + 1e-9));
    }
    expect(gaussianRho(0.3, 4)).toBeCloseTo(4 * gaussianRho(0.3), 15);
    expect([epsilonOfRho(0, delta), deltaOfRho(0, 1)]).toEqual([0, 0]);
    for (const call of [
      () => gaussianRho(-1),
      () => epsilonOfRho(1, 0),
      () => deltaOfRho(1, -1),
      () => epsilonOfRho(1, delta, "no" as "gdp"),
      () => rhoForBudget({ epsilon: 0, delta }),
    ])
      expect(call).toThrow(OptionError);
  });
});

describe("noise of DIFF2", () => {
  const of = (options: Partial<Diff2NoiseOptions>) =>
    diff2Noise({
      ...{ budget: { epsilon: 5, delta }, rounds: 2000, restartEvery: 1, smallest: 1, clients: 16512 },
      ...options,
    });

  it("has the paper's constants", () => {
    expect(of({}).sigma1).toBeCloseTo(0.00593384, 7);
    const [six, long] = [of({ restartEvery: 6 }), of({ restartEvery: 200, budget: { epsilon: 3, delta } })];
    expect(six.sigma1).toBeCloseTo(0.00270842, 7);
    expect(six.sigma2).toBeCloseTo(0.01326847, 7);
    expect(long.sigma1).toBeCloseTo(7.4173e-4, 8);
    expect(long.sigma2).toBeCloseTo(0.0209793, 7);
  });

  it("spends what it may: 1 − (restarts/R)·(u − 1)/u of it where T divides R", () => {
    for (const restartEvery of [4, 50, 2000]) {
      const { rho, alpha, restarts } = of({ restartEvery });
      expect((rho * 2 * alpha) / 5).toBeCloseTo(1 - (restarts / 2000) * 0.2, 12);
    }
    expect(of({ restartEvery: 6 }).restarts).toBe(334);
    expect(() => of({ rounds: 10, restartEvery: 7 })).toThrow(/restarts/);
    for (const [rounds, restartEvery] of [
      [10, 7],
      [100, 25],
      [100, 1],
    ]) {
      const { rho } = of({ rounds: rounds!, restartEvery: restartEvery!, calibration: "exact" });
      expect(epsilonOfRho(rho, delta)).toBeCloseTo(5, 6);
      expect(deltaOfRho(rho, 5)).toBeLessThanOrEqual(delta);
    }
    const [paper, exact] = [of({ restartEvery: 20 }), of({ restartEvery: 20, calibration: "exact" })];
    expect(exact.sigma2 / paper.sigma2).toBeLessThan(0.85);
  });

  it("finds the phase that descent absorbs", () => {
    const how = { dimensions: 17, smoothness: 0.25, learningRate: 4, sigma2: 0.02, rounds: 100 };
    expect(longestPhase(how)).toBe(Math.floor(1 / (34 * 0.02 ** 2)));
    expect(longestPhase({ ...how, sigma2: 1 })).toBe(1);
    expect(longestPhase({ ...how, sigma2: 1e-4 })).toBe(100);
    expect(() => longestPhase({ ...how, sigma2: 0 })).toThrow(OptionError);
  });

  it("refuses what is no plan", () => {
    for (const wrong of [
      { rounds: 0 },
      { restartEvery: 2001 },
      { split: 1 },
      { clients: 1.5 },
      { budget: { epsilon: 1, delta: 1 } },
      { calibration: "loose" as "paper" },
      { other: 1 } as object,
    ])
      expect(() => of(wrong), JSON.stringify(wrong)).toThrow(OptionError);
  });
});

/** 23 records of a small classifier: ln(1 + e^(−y·w·x)) and a bend, so that it is not convex. */
const n = 23;
const x = Array.from({ length: n }, (_, i) => [Math.sin(3 * i), Math.cos(5 * i), 0.4]);
const y = x.map((_, i) => (i % 3 === 0 ? 1 : -1));
type Example = { x: Tensor; y: Tensor };
const loss = (w: Tensor, e: Example): Tensor => e.x.mul(w).sum().mul(e.y).neg().exp().add(1).log();
const batch = (examples: Int32Array): Example => ({
  x: tensor(Array.from(examples, (e) => x[e]!)),
  y: tensor(Array.from(examples, (e) => y[e]!)),
});
const like = tensor([0, 0, 0], { dtype: "float32" });
const clippedSum = clippedGradientSum({ params: like, loss, batch, microBatch: 7 });
afterAll(() => clippedSum.release());
const everyone = Int32Array.from({ length: n }, (_, i) => i);

/** The same by hand. */
function byHand({ params, previous, radius }: ClippedQuery, examples: Iterable<number>): number[] {
  const gradient = (w: Float32Array, e: number): number[] => {
    const z = y[e]! * x[e]!.reduce((sum, v, d) => sum + v * w[d]!, 0);
    return x[e]!.map((v) => (-y[e]! * v) / (1 + Math.exp(z)));
  };
  const total = [0, 0, 0];
  for (const e of examples) {
    const before = previous && gradient(previous, e);
    const g = gradient(params, e).map((v, d) => v - (before?.[d] ?? 0));
    const factor = Math.min(1, radius / Math.hypot(...g));
    g.forEach((v, d) => (total[d]! += v * factor));
  }
  return total;
}

const near = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-5): void =>
  Array.from(want).forEach((v, d) => expect(Math.abs(got[d]! - v)).toBeLessThan(tolerance));

describe("clippedGradientSum", () => {
  const params = Float32Array.of(0.5, -1, 2);
  const previous = Float32Array.of(0.4, -1.2, 2.1);

  it("clips every example for itself, the rest of a micro-batch included", async () => {
    for (const radius of [0.2, 0.5, 100])
      near(await clippedSum({ params, radius }, everyone), byHand({ params, radius }, everyone));
    for (const radius of [0.01, 1]) {
      const query = { params, previous, radius };
      near(await clippedSum(query, everyone), byHand(query, everyone));
    }
    expect([...(await clippedSum({ params, previous, radius: 0 }, everyone))]).toEqual([0, 0, 0]);
  });

  it("changes by at most twice the radius with one record", async () => {
    for (const query of [
      { params, radius: 0.3 },
      { params, previous, radius: 0.02 },
    ]) {
      const all = await clippedSum(query, everyone);
      for (const other of [0, 4, 22]) {
        const changed = await clippedSum(
          query,
          everyone.map((e, i) => (i === 11 ? other : e)),
        );
        expect(Math.hypot(...all.map((v, d) => v - changed[d]!))).toBeLessThanOrEqual(
          2 * query.radius + 1e-6,
        );
      }
    }
    // Two records that pull in opposite directions reach the bound.
    const line = clippedGradientSum({
      params: tensor([0]),
      loss: (w: Tensor, side: Tensor) => w.sum().mul(side),
      batch: (examples) => tensor(Float32Array.from(examples, (e) => (e === 0 ? 9 : -9))),
    });
    const query = { params: Float32Array.of(0), radius: 0.5 };
    const [plus, minus] = [await line(query, Int32Array.of(0)), await line(query, Int32Array.of(1))];
    expect(plus[0]! - minus[0]!).toBeCloseTo(1, 7);
    await line.release();
  });

  it("refuses a loss that is no scalar", async () => {
    const wrong = clippedGradientSum({ params: like, loss: (w: Tensor) => w, batch });
    await expect(wrong({ params, radius: 1 }, everyone)).rejects.toThrow(ShapeError);
    expect(() => clippedGradientSum({ params: like, loss, batch, microBatch: 0 })).toThrow(OptionError);
  });
});

describe("diff2", () => {
  const silent = () => 0;
  const base = (options: Partial<Diff2Options> = {}): Diff2Options => ({
    ...{ budget: { epsilon: 1, delta }, rounds: 12, restartEvery: 4, smallest: 7, clients: 3 },
    ...{ clip: 100, smoothness: 100, routine: gradientStep(0.5), noise: silent },
    ...options,
  });
  const parts = [0, 7, 14].map((from) => everyone.subarray(from, from + 7));
  async function run(options: Partial<Diff2Options>, rounds = 12): Promise<Diff2State[]> {
    const method = diff2(base({ ...options, rounds: options.rounds ?? rounds }));
    const pool = virtualPool({
      size: 3,
      handler: (p) => diff2Client(clippedSum, parts[p]!),
      delay: (p) => 3 - p,
    });
    const states: Diff2State[] = [];
    await trainDiff2({
      method,
      pool,
      params: new Float32Array(3),
      rounds,
      onRound: (s) => void states.push(s),
    });
    return states;
  }

  it("without noise and clipping is gradient descent, whatever T", async () => {
    const [one, four] = [await run({ restartEvery: 1 }), await run({})];
    for (const [i, state] of four.entries()) {
      near(state.params, one[i]!.params, 2e-5);
      near(
        state.estimate,
        byHand({ params: state.previous!, radius: 100 }, everyone.subarray(0, 21)).map((v) => v / 21),
      );
    }
    expect(four.at(-1)!.released).toEqual({ restarts: 3, differences: 9 });
  });

  it("with T = 1 is DP-GD, bit for bit with the same noise", async () => {
    const noisy = await run({ restartEvery: 1, clip: 0.5, noise: seededNoise(4) });
    const { sigma1 } = diff2Noise({
      budget: { epsilon: 1, delta },
      rounds: 12,
      restartEvery: 1,
      smallest: 7,
      clients: 3,
    });
    const source = seededNoise(4);
    let w = new Float32Array(3);
    for (const state of noisy) {
      const means: Float64Array[] = [];
      for (const part of parts)
        means.push((await clippedSum({ params: w, radius: 0.5 }, part)).map((v) => v / 7));
      const v = Float64Array.from(
        w,
        (_, d) => (means[0]![d]! + means[1]![d]! + means[2]![d]!) / 3 + 0.5 * sigma1 * source(),
      );
      w = w.map((p, d) => p - 0.5 * v[d]!);
      expect([...state.params]).toEqual([...w]);
    }
  });

  it("adds noise as large as it says: (C1·sigma1)² and k·(C2·s·sigma2)² after k differences", () => {
    const [rounds, step, dimensions] = [40, 0.3, 4000];
    const method = diff2(
      base({
        ...{ rounds, restartEvery: 20, clip: 2, smoothness: 0.7, noise: seededNoise(1) },
        // Steps of constant length, whatever the estimate.
        routine: (p) => p.map((v, d) => (d === 0 ? v + step : v)),
      }),
    );
    const { sigma1, sigma2 } = method.noise;
    let state = method.init(new Float32Array(dimensions));
    for (let r = 0; r < rounds; r++) {
      const { radius, previous } = method.query(state);
      expect(radius).toBeCloseTo(r % 20 === 0 ? 2 : 0.7 * step, 6);
      expect(previous === undefined).toBe(r % 20 === 0);
      state = method.step(
        state,
        [0, 1, 2].map(() => new Float64Array(dimensions)),
      );
      const variance = state.estimate.reduce((sum, v) => sum + v * v, 0) / dimensions;
      const want = (2 * sigma1) ** 2 + (r % 20) * (0.7 * step * sigma2) ** 2;
      expect(Math.abs(variance / want - 1), `round ${r}`).toBeLessThan(4 * Math.sqrt(2 / dimensions));
    }
    expect(method.spent(state).rho).toBeCloseTo(method.noise.rho, 12);
    expect(() => method.query(state)).toThrow(/at most 40 rounds/);
  });

  it("releases nothing where the parameters stand still", () => {
    const method = diff2(base({ routine: (p) => p, noise: seededNoise(0) }));
    const zeros = [0, 1, 2].map(() => new Float64Array(3));
    const first = method.step(method.init(new Float32Array(3)), zeros);
    expect(method.query(first).radius).toBe(0);
    expect(method.step(first, zeros).estimate).toEqual(first.estimate);
  });

  it("takes real noise by default, another one every time", () => {
    const [a, b] = [secureNoise(), secureNoise()];
    const draws = Array.from({ length: 4000 }, a);
    expect(draws.slice(0, 4)).not.toEqual(Array.from({ length: 4 }, b));
    const mean = draws.reduce((s, v) => s + v, 0) / 4000;
    const variance = draws.reduce((s, v) => s + v * v, 0) / 4000;
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.abs(variance - 1)).toBeLessThan(0.15);
  });

  it("refuses replies and pools that do not fit", async () => {
    const method = diff2(base());
    const state = method.init(new Float32Array(3));
    expect(() => method.step(state, [new Float64Array(3)])).toThrow(/3 clients/);
    expect(() =>
      method.step(
        state,
        [0, 1, 2].map(() => new Float64Array(2)),
      ),
    ).toThrow(ShapeError);
    expect(() => diff2(base({ clip: 0 }))).toThrow(OptionError);
    expect(() => diff2({ ...base(), other: 1 } as Diff2Options)).toThrow(OptionError);
    expect(() => diff2Client(clippedSum, new Int32Array())).toThrow(OptionError);
    const lossy = virtualPool({
      ...{ size: 3, handler: (p: number) => diff2Client(clippedSum, parts[p]!) },
      delay: (p) => (p === 1 ? Infinity : 1),
    });
    await expect(trainDiff2({ method, pool: lossy, params: new Float32Array(3) })).rejects.toThrow(/lost/);
    const stop = new AbortController();
    stop.abort();
    const pool = virtualPool({ size: 3, handler: (p) => diff2Client(clippedSum, parts[p]!) });
    expect((await trainDiff2({ method, pool, params: new Float32Array(3), signal: stop.signal })).round).toBe(
      0,
    );
  });
});
