// What is measured for arXiv 2201.01965 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type ClaimContext, type Figures } from "fluxion/claims";
import {
  adversarialBackprop,
  attackNetwork,
  convexAdversarial,
  convexRelu,
  enumeratePatterns,
  optimalityGap,
  perturbedPatterns,
  reluBackprop,
  reluOutputs,
  sampledProgram,
  samplePatterns,
  type ReluNetwork,
} from "fluxion/solve";
import { breastCancer, irisPair, threeOrEight, wave, type Examples } from "./data.js";

type Measured = Record<string, number>;

const accuracy = (network: ReluNetwork, { x, y }: Examples): number => {
  const outputs = reluOutputs(network, x);
  return y.filter((label, k) => label * outputs[k]! > 0).length / y.length;
};
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
};
const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const stopAt = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal ? { signal } : {});

/** All patterns in the plane: the global optimum with its proof, and what Adam makes of the same problem. */
async function plane({ seed, signal, tier }: ClaimContext): Promise<Measured> {
  const objective = { ...wave(12, seed), beta: 1e-2 };
  const patterns = enumeratePatterns(objective.x);
  const fit = await convexRelu(objective, { patterns, rho: 0.01, maxIterations: 4000, ...stopAt(signal) });
  const adam = { steps: tier === "quick" ? 2000 : 5000, restarts: 10, seed, ...stopAt(signal) };
  const wide = (await reluBackprop(objective, { ...adam, units: 50 })).map((r) => r.cost);
  const common = {
    planeCost: fit.cost,
    planeGap: fit.certificate().relativeGap,
    planeAdam50: Math.min(...wide),
  };
  if (tier === "quick") return common;
  const narrow = (await reluBackprop(objective, { ...adam, units: 4 })).map((r) => r.cost);
  return { ...common, planeAdam4Median: median(narrow), planeAdam4Worst: Math.max(...narrow) };
}

/** Sampled patterns on a real table with two features. */
async function iris({ seed, signal, tier }: ClaimContext): Promise<Measured> {
  const { train, test } = await irisPair(seed);
  const objective = { ...train, beta: 0.1 };
  const [draws, maxIterations] = tier === "quick" ? [1, 300] : [4, 1000];
  const fits = [];
  for (let draw = 0; draw < draws; draw++) {
    const patterns = samplePatterns(train.x, { count: 150, seed: 100 * seed + draw });
    fits.push(await convexRelu(objective, { patterns, rho: 0.1, maxIterations, ...stopAt(signal) }));
    signal?.throwIfAborted();
  }
  const costs = fits.map((fit) => fit.cost);
  const best = fits.reduce((a, b) => (b.cost < a.cost ? b : a)).x;
  const adam = { seed, ...stopAt(signal) };
  const [wide] = await reluBackprop(objective, { ...adam, units: 100 });
  const common = {
    irisWorst: Math.max(...costs),
    irisBest: Math.min(...costs),
    irisAdam100: wide!.cost,
    irisAccuracy: accuracy(best, test),
  };
  if (tier === "quick") return common;
  const narrow = (await reluBackprop(objective, { ...adam, units: 5, restarts: 25 })).map((r) => r.cost);
  const sampled = [20, 100, 500].map((neurons) => sampledProgram(objective, { neurons, seed }).cost);
  return {
    ...common,
    irisAdam5WorstOf5: Math.max(...narrow.slice(0, 5)),
    irisAdam5WorstOf25: Math.max(...narrow),
    irisBound: optimalityGap(
      wide!.cost < Math.min(...costs) ? wide!.network : best,
      objective,
      enumeratePatterns(train.x),
    ).bound,
    irisSampled20: sampled[0]!,
    irisSampled100: sampled[1]!,
    irisSampled500: sampled[2]!,
  };
}

/** The first iterations on a real table with thirty features. */
async function cancer({ seed, signal, tier }: ClaimContext): Promise<Measured> {
  const { train, test } = await breastCancer(seed);
  const patterns = samplePatterns(train.x, { count: 40, seed });
  const common = { patterns, maxIterations: 50, ...stopAt(signal) };
  const fit = await convexRelu({ ...train, beta: 1 }, { ...common, rho: 1 });
  const last = fit.costs.at(-1)![1];
  const [adam] = await reluBackprop(
    { ...train, beta: 1 },
    { units: 40, steps: 2000, seed, ...stopAt(signal) },
  );
  const figures = {
    cancerCost: last,
    cancerAccuracy: accuracy(fit.x, test),
    cancerAdamCost: adam!.cost,
    cancerAdamAccuracy: accuracy(adam!.network, test),
  };
  if (tier === "quick") return figures;
  const labels = { x: train.x, y: train.y.map((v) => (v > 0 ? 1 : 0)), loss: "cross-entropy" } as const;
  const blocks = await convexRelu({ ...labels, beta: 1 }, common);
  return { ...figures, cancerBlocksAccuracy: accuracy(blocks.x, test) };
}

/** Robustness against changes of every pixel by a tenth. */
async function digits({ seed, signal, tier }: ClaimContext): Promise<Measured> {
  const { train, test } = await threeOrEight(seed);
  const [eps, fixed] = [0.1, [64]];
  const steps = tier === "quick" ? 400 : 1500;
  const learningRate = tier === "quick" ? 6e-3 : 3e-3;
  const patterns = perturbedPatterns(train.x, { eps, fixed, count: 10, copies: 4, seed });
  const objective = { ...train, eps, beta: 1e-3, fixed };
  const options = { patterns, steps, learningRate, seed, ...stopAt(signal) };
  const attacked = async (network: ReluNetwork): Promise<number> =>
    (await attackNetwork(network, test, { eps, fixed, steps: 40 })).accuracy;
  const figures = async (name: string, network: ReluNetwork): Promise<Measured> => ({
    [`digits${name}Clean`]: accuracy(network, test),
    [`digits${name}Attacked`]: await attacked(network),
  });
  const plain = await convexAdversarial({ ...objective, eps: 0 }, options);
  const robust = await convexAdversarial(objective, options);
  const convex = { ...(await figures("Plain", plain.x)), ...(await figures("Robust", robust.x)) };
  if (tier === "quick") return convex;
  const backprop = { units: 2 * patterns.count, steps, seed, ...stopAt(signal) };
  const byFgsm = await adversarialBackprop(objective, { ...backprop, attack: "fgsm" });
  const byPgd = await adversarialBackprop(objective, { ...backprop, attack: "pgd" });
  return {
    ...convex,
    digitsViolation: robust.violation,
    ...(await figures("Fgsm", byFgsm)),
    ...(await figures("Pgd", byPgd)),
  };
}

/** How the operations of an iteration grow when patterns are as many as half the examples. */
async function costExponent(): Promise<number> {
  const steps = [];
  for (const n of [40, 160]) {
    const { x, y } = wave(n, 0);
    const masks = Uint8Array.from({ length: (n * n) / 2 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const patterns = { n, count: n / 2, masks, complete: false };
    const { stepCost } = await convexRelu({ x, y, beta: 1 }, { patterns, maxIterations: 1 });
    steps.push(stepCost.step);
  }
  return Math.log(steps[1]! / steps[0]!) / Math.log(4);
}

/** The claim of convex two-layer training at small scale. */
export const claim: Claim = {
  id: "convex-two-layer-relu",
  statement:
    "Solved as a convex program by ADMM, a two-layer ReLU network reaches a certified optimum, whatever the seed, in quadratic time per iteration; its robust form withstands attacks that break the plain one.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const parts = { plane, iris, cancer, digits };
    const figures: Measured = { costExponent: await costExponent() };
    for (const [i, [name, measure]] of Object.entries(parts).entries()) {
      context.progress(i / 4, name);
      Object.assign(figures, await measure(context));
      context.signal?.throwIfAborted();
    }
    return figures;
  },

  checks(figures, tier) {
    const each = (f: (one: Figures) => number): number[] => figures.map(f);
    const average = (name: string): number => mean(each((f) => f[name]!));
    const common: Check[] = [
      atMost(
        "operations of an iteration: exponent in the number of examples",
        each((f) => f["costExponent"]!),
        2.05,
      ),
      atMost(
        "plane: relative gap to the dual bound of all networks",
        each((f) => f["planeGap"]!),
        1e-3,
      ),
      atLeast(
        "plane: best of 10 Adam(50) − convex optimum",
        each((f) => f["planeAdam50"]! - f["planeCost"]!),
        -1e-4,
      ),
      atMost(
        "iris: worst pattern seed / Adam(100)",
        each((f) => f["irisWorst"]! / f["irisAdam100"]!),
        1.05,
      ),
      atLeast("breast cancer: mean test accuracy after 50 iterations", average("cancerAccuracy"), 0.94),
      atLeast(
        "digits: mean gain of accuracy under attack",
        average("digitsRobustAttacked") - average("digitsPlainAttacked"),
        0.25,
      ),
      atMost(
        "digits: mean loss of clean accuracy",
        average("digitsPlainClean") - average("digitsRobustClean"),
        0.08,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atLeast(
        "plane: median of 10 Adam(4) / convex optimum",
        each((f) => f["planeAdam4Median"]! / f["planeCost"]!),
        1.2,
      ),
      atMost(
        "iris: worst / best pattern seed",
        each((f) => f["irisWorst"]! / f["irisBest"]!),
        1.05,
      ),
      atLeast(
        "iris: worst of 5 Adam(5) / worst pattern seed",
        each((f) => f["irisAdam5WorstOf5"]! / f["irisWorst"]!),
        1.5,
      ),
      atLeast(
        "breast cancer: mean test accuracy − Adam's",
        average("cancerAccuracy") - average("cancerAdamAccuracy"),
        -0.02,
      ),
      atMost(
        "iris, SCP: cost of 100 units / of 20, of 500 / of 100",
        each((f) =>
          Math.max(f["irisSampled100"]! / f["irisSampled20"]!, f["irisSampled500"]! / f["irisSampled100"]!),
        ),
        1,
      ),
      atLeast(
        "iris, SCP: cost / dual bound of all networks",
        each((f) => f["irisSampled500"]! / f["irisBound"]!),
        1,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const average = (name: string): number => mean(figures.map((f) => f[name]!));
    const others = Math.max(average("digitsFgsmAttacked"), average("digitsPgdAttacked"));
    return [
      atLeast(
        "digits: mean accuracy under attack − that of back-propagation on FGSM or PGD examples",
        average("digitsRobustAttacked") - others,
        0,
      ),
      atMost(
        "breast cancer: convex cost after 50 iterations / Adam's",
        figures.map((f) => f["cancerCost"]! / f["cancerAdamCost"]!),
        1,
      ),
      atLeast(
        "iris: worst of 25 Adam(5) / worst pattern seed",
        figures.map((f) => f["irisAdam5WorstOf25"]! / f["irisWorst"]!),
        1.5,
      ),
    ];
  },
};
