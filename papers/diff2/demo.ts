// The same privacy spent in two ways: on a gradient in every round, or on gradients and the changes between them.
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { once } from "../fashion-classifier.js";
import { digitRecords, privateRun, type RoundRecord } from "./bench.js";

const controls = {
  epsilon: { kind: "range", label: "Privacy ε", min: 0.3, max: 8, step: 0.1, initial: 1, logarithmic: true },
  rounds: {
    kind: "choice",
    label: "Rounds",
    options: ["100", "200", "400"].map((value) => ({ value, label: value })),
    initial: "100",
  },
  phase: {
    kind: "choice",
    label: "A fresh gradient in every",
    options: [
      { value: "10", label: "10th round" },
      { value: "25", label: "25th round" },
      { value: "50", label: "50th round" },
      { value: "0", label: "first round only" },
    ],
    initial: "25",
  },
  rate: {
    kind: "range",
    label: "Learning rate",
    min: 0.25,
    max: 8,
    step: 0.25,
    initial: 4,
    logarithmic: true,
  },
  exact: { kind: "toggle", label: "Exact accounting", initial: false },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const records = once(() => digitRecords(4000));
const delta = 1e-5;

async function create(wanted: DemoState) {
  const { epsilon, rounds: count, phase, rate, exact, seed } = demoState(controls, wanted);
  const data = await records();
  const rounds = Number(count);
  const stop = new AbortController();
  const contestant = (name: string, restartEvery: number) => {
    const history: RoundRecord[] = [];
    const turns = inTurns(async (pause) => {
      await privateRun(data, {
        ...{ budget: { epsilon, delta }, rounds, restartEvery, learningRate: rate, seed },
        ...{ calibration: exact ? "exact" : "paper", signal: stop.signal },
        async onRound(record) {
          history.push(record);
          await pause();
        },
      });
    });
    return { name, history, turns };
  };
  const both = [contestant("DP-GD", 1), contestant("DIFF2", phase === "0" ? rounds : Number(phase))] as const;
  const [plain, ours] = both;
  const curves = (of: (r: RoundRecord) => number) =>
    both.map(({ name, history }) => ({
      name,
      points: history.map((r): [number, number] => [r.state.round, of(r)]),
    }));
  /** Mean over the last twenty rounds. */
  const recent = ({ history }: (typeof both)[number], of: (r: RoundRecord) => number): number => {
    const last = history.slice(-20);
    return last.reduce((sum, r) => sum + of(r), 0) / Math.max(1, last.length);
  };

  return {
    async step() {
      const ends = [];
      for (const { turns } of both) ends.push(await turns.next());
      return ends.every((end) => end === "done") ? ("done" as const) : ("running" as const);
    },
    views(): Promise<View[]> {
      const log = (label: string) => ({ x: { label: "round" }, y: { label, logarithmic: true } });
      return Promise.resolve([
        {
          ...{ kind: "curves", title: "Squared error of the estimated gradient", ...log("‖v − ∇f‖²") },
          curves: curves((r) => r.error),
        },
        {
          ...{ kind: "curves", title: "Squared gradient", ...log("‖∇f‖²") },
          curves: curves((r) => r.gradient),
        },
        {
          ...{ kind: "curves", title: "Noise added in a round", ...log("standard deviation") },
          curves: curves((r) => r.noise),
        },
        {
          ...{
            kind: "curves",
            title: "Privacy spent",
            x: { label: "round" },
            y: { label: `ε at δ = ${delta}` },
          },
          curves: curves((r) => r.spent.epsilon),
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            ...both.map((c) => ({
              name: `squared gradient, ${c.name}`,
              value: recent(c, (r) => r.gradient),
              note: "mean of the last 20 rounds",
            })),
            {
              name: "error, DP-GD / DIFF2",
              value: recent(plain, (r) => r.error) / recent(ours, (r) => r.error) || 1,
              note: "squared, mean of the last 20 rounds",
            },
            ...both.map(({ name, history }) => ({
              name: `ε spent, ${name}`,
              value: history.at(-1)?.spent.epsilon ?? 0,
              note: `of ${epsilon}, counted exactly`,
            })),
          ],
        },
      ]);
    },
    async release() {
      stop.abort();
      // Runs that wait for their turn wake up, see the signal and end.
      for (const { turns } of both) await turns.next();
    },
  };
}

/** DIFF2 beside DP-GD. */
export const demo: Demo = {
  id: "diff2",
  caption:
    "Ten clients with 400 handwritten digits each train one classifier, five and more against less. Nobody sees a record: every round releases one vector with noise. DP-GD spends its privacy on a gradient each round; DIFF2 releases a gradient now and then and only its change in between, which is small, and so is the noise.",
  watch: {
    label: "Squared gradient by DIFF2",
    note: "of the classifier's loss, for the same privacy",
    better: "lower",
    of: "squared gradient, DIFF2",
  },
  controls,
  presets: [
    {
      name: "A change costs less than a gradient",
      note: "The noise of DIFF2 falls with the steps, and with it the error of its estimate; that of DP-GD stays. At every restart the curve jumps, and settles again.",
      shows: "effect",
      state: {},
    },
    {
      name: "More rounds for the same privacy",
      note: "With 200 rounds instead of 100, DP-GD has to add more noise to each. DIFF2's restarts are as many as before.",
      shows: "effect",
      state: { rounds: "200", phase: "50", rate: 2 },
    },
    {
      name: "No restarts",
      note: "Noise of every change stays in the estimate: with nothing to clear it away, it drifts, and the gradient ends higher than with a restart now and then.",
      shows: "failure",
      state: { phase: "0" },
    },
    {
      name: "Steps that are too long",
      note: "The noise of a change is as large as the step that it belongs to. Long steps make it large, and it feeds the next step.",
      shows: "failure",
      state: { rate: 8, phase: "50", epsilon: 0.5 },
    },
  ],
  create,
};
