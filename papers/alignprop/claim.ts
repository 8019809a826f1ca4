// What is measured for arXiv 2310.03739 and the bars it has to pass; README.md says why these.
import { random } from "fluxion";
import { atLeast, atMost, type Check, type Claim, type ClaimContext, type Tier } from "fluxion/claims";
import { alignProp, ddpo, refl, type Truncation } from "fluxion/flow";
import { initLora, mergeLora, mixLora, type Lora } from "fluxion/nn";
import { adamw, chain, clipByGlobalNorm } from "fluxion/optim";
import {
  loadFashion14,
  look,
  network,
  seenAs,
  shape,
  trainClassifier14,
  trainFashion14,
} from "../fashion14.js";
import { batchSize, judge, noClass, rewardOf, spread, steps } from "./bench.js";

interface Budget {
  readonly flow: number;
  readonly classifier: number;
  /** Pictures that are judged. */
  readonly judged: number;
  readonly rates: readonly number[];
  /** Updates after which a method gives up. */
  readonly most: number;
  /** Updates of the long run. */
  readonly long: number;
}

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: { flow: 300, classifier: 200, judged: 200, rates: [3e-3], most: 30, long: 0 },
  full: { flow: 2000, classifier: 1500, judged: 500, rates: [1e-3, 3e-3], most: 80, long: 60 },
};
/** The kind that is wanted: bags. */
const kind = 8;
/** Mean probability at which a method has arrived. */
const wanted = 0.9;

type Method = typeof alignProp | typeof ddpo;

async function measure({ seed, tier, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  const budget = budgets[tier];
  const stop = signal ? { signal } : {};
  const data = await loadFashion14();
  progress(0, "flow");
  const base = await trainFashion14({ data, steps: budget.flow, seed, ...stop });
  progress(0.3, "classifier");
  const classifier = await trainClassifier14({ data, steps: budget.classifier, seed: seed + 100, ...stop });
  const judging = judge(classifier, {
    base,
    kind,
    n: budget.judged,
    seed: 2 * seed + 900_001,
  });
  const start = initLora(random.key(seed + 200), base);
  const figures: Record<string, number> = { accuracyClassifier: classifier.accuracy };
  const bags = { data: new Int32Array(budget.judged).fill(kind), shape: [budget.judged] };
  const describe = async (name: string, lora: Lora): Promise<number> => {
    const { probability, pictures } = await judging.of(lora);
    figures[`probability_${name}`] = probability;
    figures[`outOfRange_${name}`] = look(pictures).outOfRange;
    figures[`diversity_${name}`] = spread(pictures);
    figures[`otherClassifier_${name}`] = await seenAs(pictures, bags);
    return probability;
  };
  await describe("base", start);

  const tune = (method: Method, learningRate: number, updates: number, truncation?: Truncation) => ({
    run: (save: (params: Lora, done: number) => Promise<void>, abort: AbortSignal) =>
      method({
        ...{ model: network.apply, weights: (lora: Lora) => mergeLora(base, lora), params: start },
        ...{ shape, steps, batchSize, conditions: noClass(batchSize), seed, updates, threads: 1 },
        ...{ reward: rewardOf(classifier, kind), signal: abort, ...(truncation ? { truncation } : {}) },
        optimizer: chain(clipByGlobalNorm(1), adamw({ learningRate, weightDecay: 0.1 })),
        checkpoint: { every: 1, save: ({ params, step }) => save(params, step) },
      }),
  });
  /** Updates until the wanted probability, and the weights then. */
  const arrive = async (
    name: string,
    method: Method,
    rate: number,
    truncation?: Truncation,
  ): Promise<Lora> => {
    const enough = new AbortController();
    let [updates, lora] = [budget.most, start];
    await tune(method, rate, budget.most, truncation).run(
      async (params, step) => {
        if (enough.signal.aborted) return;
        [updates, lora] = [step, params];
        if ((await judging.of(params)).probability > wanted) enough.abort();
      },
      signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
    );
    figures[`updates_${name}`] = updates;
    return lora;
  };

  for (const rate of budget.rates) {
    progress(rate === budget.rates[0] ? 0.4 : 0.6, `rate ${rate}`);
    const tuned = await arrive(`alignProp${rate}`, alignProp, rate);
    await arrive(`ddpo${rate}`, ddpo, rate);
    if (rate !== budget.rates[0]) continue;
    await describe("alignProp", tuned);
    let [before, rise] = [figures["probability_base"]!, Infinity];
    for (const c of [0.25, 0.5, 0.75, 1]) {
      const { probability } = await judging.of(mixLora([tuned], [c]));
      figures[`probability_mixed${c}`] = probability;
      [before, rise] = [probability, Math.min(rise, probability - before)];
    }
    figures["smallestRise"] = rise;
    if (tier === "quick") continue;
    await arrive("full", alignProp, rate, { mode: "full" });
    await arrive("lastStep", alignProp, rate, { mode: "fixed", last: 1 });
    await arrive("refl", refl, rate);
  }
  if (budget.long > 0) {
    progress(0.8, "tuning for too long");
    const modes: Record<string, Truncation> = {
      random: { mode: "random" },
      full: { mode: "full" },
      lastStep: { mode: "fixed", last: 1 },
    };
    for (const [name, truncation] of Object.entries(modes)) {
      const never = signal ?? new AbortController().signal;
      const { params } = await tune(alignProp, budget.rates[0]!, budget.long, truncation).run(
        async () => {},
        never,
      );
      await describe(`long_${name}`, params);
    }
  }
  await judging.release();
  return figures;
}

/** The claim of AlignProp at small scale. */
export const claim: Claim = {
  id: "alignprop",
  statement:
    "Back-propagating a reward through the sampler into low-rank weights reaches it with less than half of the pictures that the policy gradient needs, and the weights can be mixed with the base's at will.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: measure,

  checks(figures, tier) {
    const mean = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    const common: Check[] = [
      ...budgets[tier].rates.map((rate) =>
        atMost(
          `pictures until bags have probability 0.9, AlignProp / DDPO, rate ${rate} (mean over the seeds)`,
          mean(`updates_alignProp${rate}`) / mean(`updates_ddpo${rate}`),
          0.5,
        ),
      ),
      atLeast(
        "probability of bags when AlignProp has arrived",
        figures.map((f) => f["probability_alignProp"]!),
        wanted,
      ),
      atLeast(
        "smallest rise of the probability from a mixture to the next, c = 0, ¼, ½, ¾, 1",
        figures.map((f) => f["smallestRise"]!),
        0,
      ),
      atMost(
        "out-of-range brightness when it has arrived / before",
        figures.map((f) => f["outOfRange_alignProp"]! / f["outOfRange_base"]!),
        3,
      ),
    ];
    return common;
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return [
      atMost(
        "out-of-range brightness after 60 updates, random truncation / none",
        figures.map((f) => f["outOfRange_long_random"]! / f["outOfRange_long_full"]!),
        1,
      ),
      ...["full", "lastStep"].map((name) =>
        atLeast(
          `variance among the pictures after 60 updates, random truncation / ${name === "full" ? "none" : "last step only"}`,
          figures.map((f) => f["diversity_long_random"]! / f[`diversity_long_${name}`]!),
          1,
        ),
      ),
    ];
  },
};
