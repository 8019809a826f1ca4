// A small cluster with stragglers: four ways to wait for it, round by round, on one clock each.
import { compile, type Tensor } from "fluxion";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { gradientCode, type RoundReport, type Scheme, selectScheme } from "fluxion/distributed";
import { type Cluster, clusterDelays, digitsTask, type Params, trainOn } from "./cluster.js";

const controls = {
  workers: {
    kind: "choice",
    label: "Workers",
    options: ["8", "16", "32"].map((value) => ({ value, label: value })),
    initial: "16",
  },
  slow: { kind: "range", label: "A quick worker turns slow", min: 0, max: 0.3, step: 0.01, initial: 0.05 },
  recover: { kind: "range", label: "A slow one recovers", min: 0.1, max: 1, step: 0.05, initial: 0.9 },
  cost: { kind: "range", label: "Seconds to compute a fair share", min: 0, max: 2, step: 0.1, initial: 0.5 },
  waitOut: {
    kind: "choice",
    label: "Too many stragglers",
    options: [
      { value: "all", label: "Wait for all" },
      { value: "conform", label: "Wait for enough" },
    ],
    initial: "all",
  },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [models, jobs] = [4, 60];
const ways = [
  { kind: "uncoded", name: "waiting for all" },
  { kind: "gc", name: "GC" },
  { kind: "sr-sgc", name: "SR-SGC" },
  { kind: "m-sgc", name: "M-SGC" },
] as const;

/** The scheme as the paper writes it. */
function describe(scheme: Scheme): string {
  if (scheme.kind === "uncoded") return "no redundancy";
  if (scheme.kind === "gc") return `s = ${scheme.s}`;
  return `B = ${scheme.B}, W = ${scheme.W}, λ = ${scheme.lambda}`;
}

/** How much later than the first each answer was, over the first's time; 2 for stragglers, −1 for rounds to come: [n, rounds]. */
function arrivals(rounds: readonly RoundReport[], n: number, width: number): Float32Array {
  const out = new Float32Array(n * width).fill(-1);
  rounds.forEach(({ arrivals: at, stragglers }, r) => {
    const first = at.reduce((a, b) => (b < a ? b : a), Infinity);
    for (let i = 0; i < n; i++) {
      const late = stragglers[i] === 1 ? 2 : Number.isNaN(at[i]) ? 0 : Math.min(2, at[i]! / first - 1);
      out[i * width + r] = late;
    }
  });
  return out;
}

const length = (v: Float32Array): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));

async function create(wanted: DemoState) {
  const { workers, slow, recover, cost, waitOut, seed } = demoState(controls, wanted);
  const n = Number(workers);
  const cluster: Cluster = { workers: n, slow, recover, secondsPerLoad: cost * n };
  const wait = waitOut === "all" ? "all" : "conform";
  const probe = clusterDelays(cluster, { rounds: 40, seed, stream: 1 });
  const run = clusterDelays(cluster, { rounds: jobs + models, seed, stream: 2 });
  const predictions = await selectScheme(probe, { waitOut: wait, maxDelay: models - 1 });
  const task = await digitsTask({ images: 2000, hidden: 16, batch: 256, seed });
  const some = task.rows(task.whole.subarray(0, 500));
  const judge = compile((params: Params): Tensor => task.losses(params, some).mean());
  const stop = new AbortController();
  /** Gradients of jobs by the first way, which has them without any code. */
  const plain: Float32Array[] = [];

  const contestants = ways.map(({ kind, name }) => {
    const { scheme } = predictions.find((p) => p.scheme.kind === kind)!;
    const code = gradientCode(n, scheme);
    const rounds: RoundReport[] = [];
    const done: { at: number; loss: number }[] = [];
    let [seconds, error] = [0, 0];
    const turns = inTurns(async (pause) => {
      await trainOn(code, run, {
        ...{ task, models, jobs, waitOut: wait, signal: stop.signal },
        async onRound(report, step) {
          rounds.push(report);
          seconds += report.seconds;
          if (!step) return;
          if (kind === "uncoded") plain.push(step.gradient);
          const truth = plain[step.job]!;
          error = length(step.gradient.map((g, i) => g - truth[i]!)) / length(truth);
          done.push({ at: seconds, loss: await (await judge(step.params)).item() });
          await pause();
        },
      });
    });
    const waited = (): number => rounds.filter((r) => r.waited).length;
    return { name, scheme, code, rounds, done, turns, error: () => error, seconds: () => seconds, waited };
  });
  const [uncoded, gc, , multiplexed] = contestants as [Way, Way, Way, Way];
  const timeline = (title: string, { rounds }: Way): View => ({
    ...{ kind: "heatmap", title, values: arrivals(rounds, n, jobs + models) },
    shape: [n, jobs + models],
    x: { label: "round", min: 0, max: jobs + models },
    y: { label: "worker", min: n, max: 0 },
    range: [-1, 2],
  });

  return {
    async step() {
      const ends = [];
      for (const { turns } of contestants) ends.push(await turns.next());
      return ends.every((end) => end === "done") ? ("done" as const) : ("running" as const);
    },
    views(): Promise<View[]> {
      const ratio = (to: Way): number => {
        const count = Math.min(multiplexed.done.length, to.done.length);
        return count === 0 ? 1 : multiplexed.done[count - 1]!.at / to.done[count - 1]!.at;
      };
      return Promise.resolve([
        timeline("M-SGC: how late each answer is; brightest: straggler", multiplexed),
        timeline("GC: the same workers, a code within the round", gc),
        {
          ...{ kind: "curves", title: "Gradients that are complete", x: { label: "seconds of the cluster" } },
          y: { label: "jobs" },
          curves: contestants.map(({ name, done }) => ({
            name,
            points: done.map(({ at }, i) => [at, i + 1]),
          })),
        },
        {
          ...{ kind: "curves", title: "Loss of the model in turn", x: { label: "seconds of the cluster" } },
          y: { label: "loss" },
          curves: contestants.map(({ name, done }) => ({
            name,
            points: done.map(({ at, loss }) => [at, loss]),
          })),
        },
        {
          ...{ kind: "bars", title: "Work a round: part of a full gradient, in fair shares" },
          y: { label: "load · workers" },
          bars: contestants.map(({ name, code }) => ({ name, value: code.load * n })),
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "time, M-SGC / waiting for all", value: ratio(uncoded), note: "for as many gradients" },
            { name: "time, M-SGC / GC", value: ratio(gc), note: "for as many gradients" },
            ...contestants.map(({ name, seconds, waited, scheme }) => ({
              name: `seconds, ${name}`,
              value: seconds(),
              note: `${describe(scheme)}; waited longer in ${waited()} rounds`,
            })),
            {
              name: "error of M-SGC's last gradient",
              value: multiplexed.error(),
              note: "relative, from the one computed without a code",
            },
          ],
        },
      ]);
    },
    async release() {
      stop.abort();
      // Trainings that wait for their turn wake up, see the signal and end.
      for (const { turns } of contestants) await turns.next();
      await judge.release();
    },
  };

  type Way = (typeof contestants)[number];
}

/** Sequential gradient coding on a virtual cluster. */
export const demo: Demo = {
  id: "sequential-gradient-coding",
  caption:
    "A cluster trains four networks in turn. Now and then a worker takes seconds longer than the others. Four masters wait for the same delays on clocks of their own: for everybody; for all but a few, by a code within the round; and for all but a few over several rounds. All have the same gradients, to rounding. Nobody sleeps: the clocks are virtual, the gradients are computed.",
  watch: {
    label: "Time of M-SGC over waiting for all",
    note: "for as many exact gradients",
    better: "lower",
    of: "time, M-SGC / waiting for all",
  },
  controls,
  presets: [
    {
      name: "Short hiccups",
      note: "Each scheme has the parameters that a probe of 40 other rounds says are best. M-SGC's first gradient comes late, because a job takes several rounds; from then on it gains, with less extra work a round than a code within the round needs.",
      shows: "effect",
      state: {},
    },
    {
      name: "Expensive gradients",
      note: "The more a gradient costs, the more the code within the round pays for its redundancy: it takes longer now than waiting for everybody. M-SGC stays level with that.",
      shows: "effect",
      state: { cost: 1.5 },
    },
    {
      name: "Computing costs nothing",
      note: "Where the load is free, a code within the round may be as redundant as it likes and never has to come back to a job: coding over rounds is slower.",
      shows: "failure",
      state: { cost: 0 },
    },
    {
      name: "Stragglers that stay",
      note: "A worker that turns slow stays so for ten rounds. The pattern no longer fits a short burst, the masters wait longer, and coding over rounds has little left to gain.",
      shows: "failure",
      state: { recover: 0.1, slow: 0.02 },
    },
  ],
  create,
};
