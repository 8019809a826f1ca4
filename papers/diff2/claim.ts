// What is measured for arXiv 2302.03884 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type ClaimContext } from "fluxion/claims";
import { deltaOfRho } from "fluxion/privacy";
import { once } from "../fashion-classifier.js";
import { digitRecords, privateRun, tail } from "./bench.js";

type Measured = Record<string, number>;

const budget = { epsilon: 1, delta: 1e-5 };
const rates = [4, 2, 1, 0.5] as const;
const records = once(() => digitRecords(9000));
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/** One run: gradient and error of its last fifth, and what it spent. */
async function run(
  name: string,
  how: { rounds: number; restartEvery: number; learningRate: number; calibration?: "exact" },
  { seed, signal }: ClaimContext,
): Promise<Measured> {
  const history = await privateRun(await records(), { budget, seed, signal, ...how });
  signal?.throwIfAborted();
  const { gradient, error } = tail(history);
  const { rho } = history.at(-1)!.spent;
  return {
    ...{ [`gradient, ${name}`]: gradient, [`error, ${name}`]: error },
    [`delta, ${name}`]: deltaOfRho(rho, budget.epsilon),
  };
}

/** The claim of DIFF2. */
export const claim: Claim = {
  id: "diff2",
  statement:
    "For the same privacy, releasing changes of the gradient between restarts leaves an estimate with a small part of DP-GD's error, and a smaller gradient at the end; without restarts it does not.",
  seeds: { quick: [0], full: [0, 1, 2, 3, 4] },

  async run(context) {
    const { tier, progress } = context;
    const figures: Measured = {};
    const tried = tier === "full" ? rates : ([4] as const);
    for (const [i, learningRate] of tried.entries()) {
      progress(i / 8, `learning rate ${learningRate}`);
      for (const restartEvery of [1, 25])
        Object.assign(
          figures,
          await run(
            `T ${restartEvery}, rate ${learningRate}`,
            { rounds: 100, restartEvery, learningRate },
            context,
          ),
        );
    }
    progress(0.5, "no restarts");
    const single = { rounds: 100, restartEvery: 100, learningRate: 4 };
    Object.assign(figures, await run("T 100, rate 4", single, context));
    if (tier === "quick") return figures;
    progress(0.6, "exact calibration");
    const exact = { rounds: 100, restartEvery: 25, learningRate: 4, calibration: "exact" } as const;
    Object.assign(figures, await run("T 25, rate 4, exact", exact, context));
    for (const restartEvery of [1, 100]) {
      progress(restartEvery === 1 ? 0.7 : 0.85, `400 rounds, T = ${restartEvery}`);
      const long = { rounds: 400, restartEvery, learningRate: 1 };
      Object.assign(figures, await run(`400 rounds, T ${restartEvery}`, long, context));
    }
    return figures;
  },

  checks(figures, tier) {
    const of = (name: string): number[] => figures.map((f) => f[name]!);
    const over = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    const error = (name: string): string => `error, ${name}`;
    const best = (T: number): number =>
      Math.min(
        ...rates.map((rate) => mean(of(`gradient, T ${T}, rate ${rate}`))).filter((v) => !Number.isNaN(v)),
      );
    const spent = figures.flatMap((f) =>
      Object.keys(f)
        .filter((k) => k.startsWith("delta"))
        .map((k) => f[k]!),
    );
    const common: Check[] = [
      atMost(
        "100 rounds: squared error of the estimate, DIFF2 / DP-GD, mean",
        mean(of(error("T 25, rate 4"))) / mean(of(error("T 1, rate 4"))),
        0.125,
      ),
      atMost(
        "100 rounds: squared error of the estimate, DIFF2 / DP-GD, every seed",
        over(error("T 25, rate 4"), error("T 1, rate 4")),
        0.25,
      ),
      atMost("‖∇f‖² at the end, each at its best learning rate: DIFF2 / DP-GD", best(25) / best(1), 0.85),
      atLeast(
        "‖∇f‖² at the end: without restarts / with",
        mean(of("gradient, T 100, rate 4")) / mean(of("gradient, T 25, rate 4")),
        1,
      ),
      atMost("delta of what was released, at epsilon 1", spent, budget.delta),
    ];
    if (tier === "quick") return common;
    const [long, longPlain] = ["400 rounds, T 100", "400 rounds, T 1"];
    return [
      ...common,
      atMost(
        "400 rounds: squared error of the estimate, DIFF2 / DP-GD, mean",
        mean(of(error(long))) / mean(of(error(longPlain))),
        0.0333333,
      ),
      atMost(
        "400 rounds: squared error of the estimate, DIFF2 / DP-GD, every seed",
        over(error(long), error(longPlain)),
        0.25,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const of = (name: string): number => mean(figures.map((f) => f[name]!));
    return [
      atMost(
        "400 rounds: ‖∇f‖² at the end, DIFF2 / DP-GD",
        of("gradient, 400 rounds, T 100") / of("gradient, 400 rounds, T 1"),
        0.85,
      ),
      atMost(
        "exact calibration: squared error of the estimate, over the paper's",
        of("error, T 25, rate 4, exact") / of("error, T 25, rate 4"),
        0.8,
      ),
    ];
  },
};
