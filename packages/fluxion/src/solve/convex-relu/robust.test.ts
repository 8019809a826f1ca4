import { describe, expect, it } from "vitest";
import { seededUniform } from "../../data/seeded.js";
import { attackNetwork } from "./attack-network.js";
import { adversarialBackprop, reluBackprop } from "./backprop.js";
import { recoverNetwork, reluCost, reluOutputs, type ReluNetwork } from "./network.js";
import { maskOf, patternsOf } from "./patterns.js";
import { convexAdversarial } from "./robust.js";
import { robustValue } from "./robust-problem.js";
import { gaussian, wave } from "./testdata.js";

const uniform = seededUniform(4);
/** Two groups of points beside the line x₀ = 0, with a column of ones. */
const groups = (n: number): { x: { data: Float64Array; shape: number[] }; y: number[] } => {
  const y = Array.from({ length: n }, (_, k) => (k % 2 === 0 ? 1 : -1));
  const rows = y.flatMap((label) => [label * (0.3 + uniform()), 2 * uniform() - 1, 1]);
  return { x: { data: Float64Array.from(rows), shape: [n, 3] }, y };
};

describe("the robust program", () => {
  it("bounds the hinge loss under attack at every feasible point", async () => {
    const { x, y } = groups(20);
    const eps = 0.2;
    const fixed = [2];
    // Directions with room to spare: their patterns do not flip within the ball.
    const directions = [Float64Array.of(1, 0, 0), Float64Array.of(-1, 0, 0), Float64Array.of(0.1, 0, 2)];
    const patterns = patternsOf(
      20,
      directions.map((h) => maskOf(x.data, 20, 3, h)),
      false,
    );
    const all = (scale: readonly number[]): Float64Array =>
      Float64Array.from(directions.flatMap((h, i) => [...h].map((v) => v * scale[i]!)));
    const weights = { v: all([1, 0.2, 0.1]), w: all([0.1, 0.5, 0.3]) };
    const objective = { x, y, eps, beta: 1e-3, fixed };
    const { losses, violation } = await robustValue(weights, objective, patterns);
    expect(violation).toBe(0);
    const network = recoverNetwork(weights, 3);
    for (const method of ["fgsm", "pgd"] as const) {
      const { margins, x: moved } = await attackNetwork(network, { x, y }, { eps, fixed, method });
      margins.forEach((m, k) => expect(losses[k]).toBeGreaterThanOrEqual(Math.max(0, 1 - m) - 1e-5));
      moved.data.forEach((v, i) => {
        expect(Math.abs(v - x.data[i]!)).toBeLessThanOrEqual(i % 3 === 2 ? 0 : eps + 1e-6);
      });
    }
  });

  it.each(["hinge", "logistic", "squared"] as const)(
    "without a radius is the plain %s loss",
    async (loss) => {
      const { x, y } = groups(10);
      const directions = [Float64Array.of(1, 0.2, 0), Float64Array.of(-0.3, 1, 0.5)];
      const patterns = patternsOf(
        10,
        directions.map((h) => maskOf(x.data, 10, 3, h)),
        false,
      );
      const weights = {
        v: Float64Array.of(...directions[0]!, 0, 0, 0),
        w: Float64Array.of(0, 0, 0, ...directions[1]!),
      };
      const { losses, cost, violation } = await robustValue(
        weights,
        { x, y, eps: 0, beta: 0.5, loss },
        patterns,
      );
      const want = reluOutputs(recoverNetwork(weights, 3), x).map((v, k) =>
        loss === "hinge"
          ? Math.max(0, 1 - y[k]! * v)
          : loss === "logistic"
            ? Math.log1p(Math.exp(-y[k]! * v))
            : (v - y[k]!) ** 2 / 2,
      );
      want.forEach((v, k) => expect(losses[k]).toBeCloseTo(v, 5));
      const norms = directions.reduce((sum, h) => sum + Math.hypot(...h), 0);
      expect(cost).toBeCloseTo(want.reduce((s, v) => s + v / 10, 0) + 0.5 * norms, 5);
      expect(violation).toBeCloseTo(0, 6);
    },
  );

  it("trains a network that withstands what breaks the plain one", async () => {
    const { x, y } = groups(60);
    const objective = { x, y, eps: 0.25, beta: 1e-3, fixed: [2] };
    const seen: number[] = [];
    const steps = {
      steps: 600,
      learningRate: 0.01,
      onIteration: ({ residual }: { residual: number }) => void seen.push(residual),
    };
    const robust = await convexAdversarial(objective, steps);
    expect(robust.status).toBe("max-iterations");
    expect(seen.at(-1)).toBeLessThan(seen[0]! / 2);
    const { accuracy } = await attackNetwork(robust.x, { x, y }, { eps: 0.25, fixed: [2] });
    expect(accuracy).toBeGreaterThan(0.95);
  });

  it("refuses bad input and stops at the signal", async () => {
    const { x, y } = groups(6);
    const objective = { x, y, eps: 0.1, beta: 0.1 };
    await expect(convexAdversarial({ ...objective, y: [0, 1, 0, 1, 0, 1] })).rejects.toThrow(
      /targets −1 or 1, got 0 in row 0/,
    );
    await expect(convexAdversarial({ ...objective, eps: -1 })).rejects.toThrow(/eps/);
    await expect(convexAdversarial(objective, { steps: 0 })).rejects.toThrow(/steps/);
    await expect(convexAdversarial({ ...objective, fixed: [3] })).rejects.toThrow(/fixed columns/);
    const stopped = await convexAdversarial(objective, { signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ status: "aborted", iterations: 0 });
    await expect(attackNetwork(stopped.x, { x, y: [1] }, { eps: 0.1 })).rejects.toThrow(/6 labels/);
  });
});

describe("attackNetwork", () => {
  it("is exact for a linear function: every free element moves by eps against the label", async () => {
    // (x·u)₊ − (−x·u)₊ = x·u.
    const u = [0.5, -1, 0.2];
    const network: ReluNetwork = {
      hidden: Float64Array.of(...u, ...u.map((v) => -v)),
      output: Float64Array.of(1, -1),
    };
    const { x } = gaussian(7, 3, 1);
    const y = Array.from({ length: 7 }, (_, k) => (k % 2 ? 1 : -1));
    const plain = reluOutputs(network, x).map((v, k) => v * y[k]!);
    for (const method of ["fgsm", "pgd"] as const) {
      const { margins } = await attackNetwork(network, { x, y }, { eps: 0.1, fixed: [1], method });
      margins.forEach((m, k) => expect(m).toBeCloseTo(plain[k]! - 0.1 * 0.7, 5));
    }
    const boxed = await attackNetwork(network, { x, y }, { eps: 9, bounds: [-1, 1] });
    expect(boxed.x.data.every((v) => Math.abs(v) <= 1)).toBe(true);
  });
});

describe("back-propagation", () => {
  it("trains several networks side by side, each as if alone", async () => {
    const objective = { ...wave(12, 1), beta: 0.01 };
    const options = { units: 6, steps: 200, seed: 2 };
    const many = await reluBackprop(objective, { ...options, restarts: 3 });
    expect(new Set(many.map((r) => r.cost)).size).toBe(3);
    for (const { network, cost } of many) expect(cost).toBeCloseTo(reluCost(network, objective), 10);
    const start = objective.y.reduce((sum, v) => sum + v * v, 0) / 2;
    for (const { cost } of many) expect(cost).toBeLessThan(start);
    const batches = await reluBackprop(objective, { ...options, batchSize: 5 });
    expect(batches[0]!.cost).toBeLessThan(start);
  });

  it("trains on adversarial examples", async () => {
    const { x, y } = groups(40);
    const objective = { x, y, eps: 0.2, beta: 1e-3, fixed: [2] };
    for (const attack of ["none", "fgsm", "pgd"] as const) {
      const network = await adversarialBackprop(objective, { units: 10, steps: 200, attack, attackSteps: 5 });
      const { accuracy } = await attackNetwork(network, { x, y }, { eps: 0.05, fixed: [2] });
      expect(accuracy, attack).toBeGreaterThan(0.9);
    }
    await expect(reluBackprop({ ...wave(5, 0), beta: 1 }, { units: 0 })).rejects.toThrow(/units/);
  });
});
