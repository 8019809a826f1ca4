import path from "node:path";
import type { OptimizerName } from "fluxion/optim";
import { machine } from "../machine.js";
import { Peer } from "../peer.js";
import { names, optionsOf, positive, saveResult, type Suite } from "../suite.js";
import { ms, table } from "../table.js";
import { isTiming, type Outcome } from "../timing.js";
import { optimizerNames, ratioOf, steps, updates } from "./updates.js";

/** Cost of every optimizer: its update, a training step with it, its state. */
export const optimSuite: Suite = {
  usage: `npm run bench -- optim [options]

  --only names   comma-separated, of: ${optimizerNames.join(" ")}
  --reps N       rounds, in each of which everybody runs for 0.4 s (default 5)
  --peers none   without PyTorch
  --json         the figures as JSON instead of tables
  --save         also into bench/results/optim.json

Run it alone on the machine. bench/README.md says how to read it.`,

  async run(args) {
    const values = optionsOf(args, {
      only: { type: "string" },
      reps: { type: "string", default: "5" },
      peers: { type: "string" },
      json: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
    });
    const chosen = names("only", values.only, optimizerNames);
    // Ratios are to AdamW's.
    const all = [...new Set<OptimizerName>(["adamw", ...chosen])];
    const reps = positive("reps", values.reps);
    names("peers", values.peers, ["torch", "none"]);
    const script = path.join(import.meta.dirname, "torch_peer.py");
    const torch = values.peers === "none" ? undefined : new Peer("torch", ["python3", script], 120);
    const where = machine();
    try {
      console.error("... updates");
      const alone = await updates(all, { reps, torch });
      console.error("... training steps");
      const inStep = await steps(all, reps);
      const result = {
        ...where,
        reps,
        peers: torch?.title ? [torch.title] : [],
        updates: alone,
        steps: inStep,
      };
      if (values.save) saveResult("optim.json", `${JSON.stringify(result, undefined, 2)}\n`);
      if (values.json) console.log(JSON.stringify(result, undefined, 2));
      else console.log(report(all, alone, inStep));
    } finally {
      torch?.close();
    }
  },
};

/** The figures as text. */
export function report(
  all: readonly OptimizerName[],
  alone: Awaited<ReturnType<typeof updates>>,
  inStep: Awaited<ReturnType<typeof steps>>,
): string {
  const time = (o: Outcome | undefined): string => (isTiming(o) ? ms(o.median) : (o?.error ?? "–"));
  const ratio = (value: number): string => (Number.isNaN(value) ? "" : `${value.toFixed(2)}x`);
  const million = (n: number): string => `${(n / 1e6).toFixed(2)} M`;
  return [
    ...table(
      [`update of ${million(alone.parameters)} parameters, ms`, "Fluxion", "to AdamW", "PyTorch", "to ours"],
      all.map((name) => [
        ...[name, time(alone.ours[name]), ratio(ratioOf(alone.ours[name], alone.ours["adamw"]))],
        ...[time(alone.torch[name]), ratio(ratioOf(alone.torch[name], alone.ours[name]))],
      ]),
    ),
    "",
    ...table(
      [`training step, GPT of ${million(inStep.parameters)}, ms`, "time", "to AdamW", "state / parameters"],
      all.map((name) => [
        ...[name, time(inStep.times[name]), ratio(ratioOf(inStep.times[name], inStep.times["adamw"]))],
        (inStep.state[name] ?? NaN).toFixed(2),
      ]),
    ),
  ].join("\n");
}
