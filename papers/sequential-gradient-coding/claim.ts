// What is measured for arXiv 2211.13802 and the bars it has to pass; README.md says why these.
import { compile, type Tensor } from "fluxion";
import { atLeast, atMost, type Claim, type ClaimContext } from "fluxion/claims";
import {
  type DelayProfile,
  gradientCode,
  type Scheme,
  selectScheme,
  simulateCode,
} from "fluxion/distributed";
import { cluster, clusterDelays, digitsTask, type Params, trainOn } from "./cluster.js";

type Measured = Record<string, number>;

const kinds = ["uncoded", "gc", "sr-sgc", "m-sgc"] as const;
const [models, jobs, probeRounds] = [4, 60, 40];
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/** The fastest scheme of every kind, by a probe apart from the run. */
async function choose(
  waitOut: "all" | "conform",
  secondsPerLoad: number,
  seed: number,
): Promise<{ run: DelayProfile; schemes: Record<(typeof kinds)[number], Scheme> }> {
  const workers = { ...cluster, secondsPerLoad };
  const probe = clusterDelays(workers, { rounds: probeRounds, seed, stream: 1 });
  const predictions = await selectScheme(probe, { waitOut, maxDelay: models - 1 });
  const best = (kind: Scheme["kind"]): Scheme =>
    predictions.find(({ scheme }) => scheme.kind === kind)!.scheme;
  return {
    run: clusterDelays(workers, { rounds: jobs + models, seed, stream: 2 }),
    schemes: { uncoded: best("uncoded"), gc: best("gc"), "sr-sgc": best("sr-sgc"), "m-sgc": best("m-sgc") },
  };
}

/** Time of every kind without computing gradients. */
async function times(
  name: string,
  waitOut: "all" | "conform",
  secondsPerLoad: number,
  seed: number,
): Promise<Measured> {
  const { run, schemes } = await choose(waitOut, secondsPerLoad, seed);
  const figures: Measured = {};
  for (const kind of kinds) {
    const code = gradientCode(cluster.workers, schemes[kind]);
    figures[`${kind}${name}`] = (await simulateCode(code, run, { jobs, waitOut })).seconds;
  }
  return figures;
}

/** Trainings with every gradient computed, coded and decoded: time, final loss, and how far gradients are off. */
async function trainings({ seed, tier, signal, progress }: ClaimContext): Promise<Measured> {
  const { run, schemes } = await choose("all", cluster.secondsPerLoad, seed);
  const sizes =
    tier === "full" ? { images: 8000, hidden: 32, batch: 1024 } : { images: 1000, hidden: 8, batch: 256 };
  const steps = tier === "full" ? jobs : 12;
  const task = await digitsTask({ ...sizes, seed });
  const whole = task.rows(task.whole);
  const judge = compile((params: Params): Tensor => task.losses(params, whole).mean());
  const evaluate = async (params: Params): Promise<number> => (await judge(params)).item();
  const figures: Measured = {};
  let exact: readonly number[] = [];
  for (const [i, kind] of kinds.entries()) {
    progress(0.1 + (0.9 * i) / kinds.length, kind);
    const code = gradientCode(cluster.workers, schemes[kind]);
    const result = await trainOn(code, run, { task, models, jobs: steps, waitOut: "all", evaluate, signal });
    signal?.throwIfAborted();
    if (kind === "uncoded") exact = result.losses;
    Object.assign(figures, {
      [`${kind}Load`]: code.load,
      [`${kind}Loss`]: mean(result.losses),
      [`${kind}LossGap`]: Math.max(...result.losses.map((loss, m) => Math.abs(loss / exact[m]! - 1))),
      ...(tier === "full" ? { [kind]: result.seconds } : {}),
    });
  }
  await judge.release();
  return figures;
}

/** The claim of sequential gradient coding. */
export const claim: Claim = {
  id: "sequential-gradient-coding",
  statement:
    "On a cluster whose workers straggle in short bursts, coding over rounds has the same exact gradients sooner than coding within a round, which has them sooner than waiting for all; where computing costs nothing it does not pay.",
  seeds: { quick: [0], full: [0, 1, 2, 3, 4] },

  async run(context) {
    const { tier, seed, progress } = context;
    progress(0, "choice of parameters");
    return {
      ...(tier === "quick" ? await times("", "all", cluster.secondsPerLoad, seed) : {}),
      ...(await times("Free", "all", 0, seed)),
      ...(tier === "full" ? await times("Conform", "conform", cluster.secondsPerLoad, seed) : {}),
      ...(await trainings(context)),
    };
  },

  checks(figures) {
    const ratios = (over: string, under: string): number[] => figures.map((f) => f[over]! / f[under]!);
    return [
      atMost("time M-SGC / GC, mean", mean(ratios("m-sgc", "gc")), 0.84),
      atMost("time M-SGC / GC, every seed", ratios("m-sgc", "gc"), 1),
      atMost("time SR-SGC / GC, mean", mean(ratios("sr-sgc", "gc")), 0.98),
      atMost("time GC / uncoded, mean", mean(ratios("gc", "uncoded")), 1),
      atMost(
        "final loss of every model: relative difference from uncoded",
        figures.flatMap((f) => kinds.map((kind) => f[`${kind}LossGap`]!)),
        1e-3,
      ),
      atLeast("computing for nothing: time M-SGC / GC", ratios("m-sgcFree", "gcFree"), 1),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const ratio = (kind: string): number => mean(figures.map((f) => f[`${kind}Conform`]! / f["gcConform"]!));
    return [
      atMost("waiting only until the pattern conforms: time M-SGC / GC, mean", ratio("m-sgc"), 0.84),
      atMost("waiting only until the pattern conforms: time SR-SGC / GC, mean", ratio("sr-sgc"), 0.98),
    ];
  },
};
