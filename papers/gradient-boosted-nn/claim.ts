// What is measured for arXiv 1909.12098 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Claim, type ClaimContext } from "fluxion/claims";
import { seededUniform } from "fluxion/data";
import { fitBoosted, fitSigmoidNetwork } from "fluxion/solve";
import { accuracy, relativeError, tables, type TableName } from "./data.js";

type Measured = Record<string, number>;

const boosting = { units: 100, unitsPerStep: 2, learningRate: 0.25, subsample: 0.75 } as const;
/** Random halves of the units that are switched off in the network trained as a whole. */
const halves = 5;

const stopping = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal ? { signal } : {});

/** Test accuracies on one table. */
async function classes(name: TableName, { seed, signal, tier }: ClaimContext): Promise<Measured> {
  const { task, train, test } = await tables[name](seed);
  const { units } = boosting;
  const stop = stopping(signal);
  const boosted = await fitBoosted(train.features, train.targets, { ...boosting, task, seed, ...stop });
  signal?.throwIfAborted();
  const right = (answers: Float64Array): number => accuracy(answers, test.targets);
  const figures: Measured = {
    [`${name}Boosted`]: right(boosted.predict(test.features)),
    [`${name}Half`]: right(boosted.predict(test.features, { units: units / 2 })),
    [`${name}Quarter`]: right(boosted.predict(test.features, { units: 2 * Math.floor(units / 8) })),
  };
  const common = { task, units, seed, ...stop };
  const adam = await fitSigmoidNetwork(train.features, train.targets, { ...common, method: "adam" });
  figures[`${name}Adam`] = right(await adam.predict(test.features));
  if (name === "digits") {
    const uniform = seededUniform(seed, 5);
    let lost = 0;
    for (let k = 0; k < halves; k++) {
      const off = Array.from({ length: units }, (_, j) => [uniform(), j] as const)
        .sort(([a], [b]) => a - b)
        .slice(0, units / 2)
        .map(([, j]) => j);
      lost += (figures[`${name}Adam`]! - right(await adam.predict(test.features, { off }))) / halves;
    }
    figures["digitsAdamLost"] = lost;
  }
  if (tier === "quick") return figures;
  for (const [method, settings] of [["lbfgs", { epochs: 200 }] as const, ["sgd", {}] as const]) {
    const other = await fitSigmoidNetwork(train.features, train.targets, { ...common, method, ...settings });
    figures[`${name}${method === "sgd" ? "Sgd" : "Lbfgs"}`] = right(await other.predict(test.features));
  }
  return figures;
}

/** Part of the steps after which the training loss is not above what it was, with all rows in every fit. */
async function descent({ seed, signal }: ClaimContext): Promise<Measured> {
  const { task, train } = await tables.cancer(seed);
  const { outcome } = await fitBoosted(train.features, train.targets, {
    ...{ ...boosting, subsample: 1, task, seed, ...stopping(signal) },
  });
  const losses = outcome.residuals;
  const down = losses.slice(1).filter((v, i) => v <= losses[i]!).length;
  return { downhill: down / (losses.length - 1) };
}

/** Test errors on numbers, over the deviation. */
async function numbers({ seed, signal, tier }: ClaimContext): Promise<Measured> {
  const { train, test } = await tables.petals(seed);
  const stop = stopping(signal);
  const error = (answers: Float64Array): number => relativeError(answers, test.targets);
  const settings = { units: 50, learningRate: 0.1, subsample: 0.5, seed, ...stop };
  const boosted = await fitBoosted(train.features, train.targets, settings);
  const adam = await fitSigmoidNetwork(train.features, train.targets, { units: 50, seed, ...stop });
  const figures: Measured = {
    petalsBoosted: error(boosted.predict(test.features)),
    petalsAdam: error(await adam.predict(test.features)),
  };
  if (tier === "quick") return figures;
  const full = await fitBoosted(train.features, train.targets, { ...settings, learningRate: 1 });
  const lbfgs = await fitSigmoidNetwork(train.features, train.targets, {
    ...{ units: 50, seed, method: "lbfgs", epochs: 200, ...stop },
  });
  return {
    ...figures,
    petalsFullStep: error(full.predict(test.features)),
    petalsLbfgs: error(await lbfgs.predict(test.features)),
  };
}

const named = ["wine", "cancer", "digits"] as const;

/** The claim of boosted networks at small scale. */
export const claim: Claim = {
  id: "gradient-boosted-nn",
  statement:
    "A network grown unit by unit by gradient boosting predicts as well as the same network trained as a whole, and its last half can be switched off at hardly any loss.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const figures: Measured = {};
    const sets = context.tier === "quick" ? (["wine", "cancer"] as const) : named;
    for (const [i, name] of sets.entries()) {
      context.progress(i / 4, name);
      Object.assign(figures, await classes(name, context));
    }
    context.progress(0.8, "descent and numbers");
    return { ...figures, ...(await descent(context)), ...(await numbers(context)) };
  },

  checks(figures, tier) {
    const sets = tier === "quick" ? (["wine", "cancer"] as const) : named;
    const mean = (suffix: string): number => {
      const all = figures.flatMap((f) => sets.map((name) => f[`${name}${suffix}`]!));
      return all.reduce((sum, v) => sum + v, 0) / all.length;
    };
    const average = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    const common = [
      atLeast("mean test accuracy, boosted − Adam's", mean("Boosted") - mean("Adam"), -0.02),
      atLeast("mean test accuracy, first half of the units − all", mean("Half") - mean("Boosted"), -0.015),
      atLeast(
        "part of the steps that do not raise the training loss",
        figures.map((f) => f["downhill"]!),
        0.98,
      ),
      atMost(
        "regression: mean test error, boosted / Adam's",
        average("petalsBoosted") / average("petalsAdam"),
        1.1,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atLeast(
        "digits: mean loss of accuracy, random half of Adam's units off",
        average("digitsAdamLost"),
        0.02,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const mean = (suffix: string): number => {
      const all = figures.flatMap((f) => named.map((name) => f[`${name}${suffix}`]!));
      return all.reduce((sum, v) => sum + v, 0) / all.length;
    };
    const average = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    return [
      atLeast("mean test accuracy, boosted − L-BFGS's", mean("Boosted") - mean("Lbfgs"), 0),
      atLeast("mean test accuracy, boosted − SGD's", mean("Boosted") - mean("Sgd"), 0),
      atLeast(
        "mean test accuracy, first quarter of the units − all",
        mean("Quarter") - mean("Boosted"),
        -0.015,
      ),
      atMost(
        "regression: mean test error, full steps / steps of 0.1",
        average("petalsFullStep") / average("petalsBoosted"),
        1,
      ),
    ];
  },
};
