import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Shape } from "../../core/shape.js";
import { writeFileAtomic } from "../../data/node/index.js";
import { comparisonRows, drawComparison, qualityPlot } from "../comparison.js";
import type { RunConfig } from "../config.js";
import { exportRun } from "../export.js";
import { networkConfig } from "../network.js";
import { withCommon, type CommonOptions } from "../options.js";
import { writePlot } from "../plots.js";
import { judgeOf, qualityOf } from "../quality.js";
import { createReport, shortNumber, type Report } from "../report.js";
import { loadRun, trainRun, type LoadedRun, type RunEnd } from "../run.js";
import { interruptible } from "../session.js";
import { loadSource } from "../source.js";
import { straightenRun } from "./straighten.js";

/** The newcomer's run, sized to end within about three minutes on two cores. */
const plan = {
  data: "fashion-mnist",
  network: { kind: "mlp", width: 512, depth: 3 },
  batch: 128,
  train: { steps: 2400, learningRate: 1e-3 },
  reflow: { steps: 1600, learningRate: 1e-3, pairs: 10_000, pairSteps: 20 },
  distil: { steps: 600, learningRate: 5e-4 },
  stepCounts: [1, 2, 4, 8, 32],
  judged: 1000,
  columns: 10,
};

/** What a quickstart does. */
export type Plan = typeof plan;

interface Options extends CommonOptions {
  out: string;
}

/** `fluxion quickstart`: what `npm start` runs. */
export function quickstartCommand(program: Command): void {
  withCommon(
    program
      .command("quickstart")
      .description("train, straighten and distil a flow on real images, in about three minutes")
      .option(
        "--out <folder>",
        "folder to write; what an earlier quickstart left there is replaced",
        "runs/quickstart",
      ),
  )
    .addHelpText(
      "after",
      `
Interrupt it at any time: the same command goes on where it stopped.`,
    )
    .action((options: Options) => quickstart(options, plan));
}

/** Folders of the three runs. */
const stages = ["1-flow", "2-straight", "3-distilled"] as const;
type Stage = (typeof stages)[number];

/** Three runs, their figures and pictures, and the last one as an ONNX file. */
export async function quickstart(options: Options, plan: Plan): Promise<void> {
  const began = performance.now();
  const report = createReport(options.json);
  const { out } = options;
  const finished = join(out, "summary.json");
  // A finished run is made anew; an unfinished one goes on where it stopped. Nothing else in the folder is touched.
  if (existsSync(finished)) {
    for (const name of [...stages, "summary.json"])
      await rm(join(out, name), { recursive: true, force: true });
  }
  const signal = interruptible();
  const source = await loadSource(sourceOf(plan));
  const config = firstConfig(plan, source.shape, options.seed);
  const [n, ...sides] = [source.x1.shape[0]!, ...source.shape.slice(1)];
  report.note(
    `Rectified flow on ${plan.data}: ${n.toLocaleString("en-US")} real images of ${sides.join(" x ")} pixels. Everything goes to ${out}/.\n`,
  );
  const controls = (name: Stage) => ({ folder: join(out, name), report, signal, resume: true });
  /** The run of a stage, or undefined if it did not come to its end. */
  const stage = async (name: Stage, ended: Promise<RunEnd>): Promise<LoadedRun | undefined> => {
    const end = await ended;
    if (end.status === "ok") return loadRun(join(out, name));
    return stopped(report, out, name, end);
  };
  report.note("1. Train: noise becomes images along curved paths.");
  const first = () => Promise.resolve({ x1: source.x1 });
  const flow = await stage("1-flow", trainRun(config, first, controls("1-flow")));
  if (!flow) return;
  report.note("\n2. Reflow: train again on the pairs that the flow itself made; the paths become straight.");
  const second = next(plan, "reflow", config, "1-flow");
  const straight = await stage("2-straight", straightenRun(second, controls("2-straight")));
  if (!straight) return;
  report.note("\n3. Distil: fit one step exactly where it will be used.");
  const third = next(plan, "distil", config, "2-straight");
  const distilled = await stage("3-distilled", straightenRun(third, controls("3-distilled")));
  if (!distilled) return;

  report.note("\n4. Measure and draw.");
  const judge = await judgeOf(flow);
  const judged = { n: plan.judged, seed: (options.seed + 7) % 2 ** 32, report, signal };
  const quality = {
    flow: await qualityOf(flow, judge, { stepCounts: plan.stepCounts, ...judged }),
    straight: await qualityOf(straight, judge, { stepCounts: plan.stepCounts, ...judged }),
    distilled: await qualityOf(distilled, judge, { stepCounts: [1], ...judged }),
  };
  report.note(
    "\nFréchet distance over classifier features (and sliced Wasserstein distance); smaller is better:\n",
  );
  report.table(comparisonRows(plan.stepCounts, quality));
  const runs = { flow, straight, distilled };
  const pictures = await drawComparison(runs, out, { ...plan, seed: judged.seed, report });
  await writePlot(join(out, "quality.svg"), await qualityPlot(quality));
  const onnx = join(out, "flow.onnx");
  const exported = await exportRun(distilled, onnx, { steps: 1 });
  const seconds = Math.round((performance.now() - began) / 1000);
  const summary = { seconds, seed: options.seed, plan, quality, onnx: { file: onnx, ...exported }, pictures };
  await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  const [before, after] = [quality.flow[0]!, quality.straight[0]!].map(
    (q) => q.frechet ?? q.slicedWasserstein,
  );
  report.note(
    [
      `\nOne step: ${shortNumber(before!)} before straightening, ${shortNumber(after!)} after. Done in ${seconds} s.`,
      `  pictures    ${pictures.join(", ")}`,
      `  plots       ${join(out, "quality.svg")}, loss.svg in each stage's folder`,
      `  one step    ${onnx}: noise [batch, ${source.shape.join(", ")}] in, images out; plain ONNX Runtime agrees to ${exported.difference.toExponential(1)}`,
      "\nNext: npx fluxion train --data <folder of your images>, npx fluxion papers, npx fluxion --help",
    ].join("\n"),
  );
  report.result(summary);
}

function stopped(report: Report, out: string, stage: Stage, { status, step, message }: RunEnd): undefined {
  if (status === "aborted") report.note(`\nStopped; run the same command again to go on (${out}).`);
  else report.warn(`error: ${message}`);
  report.result({ out, stage, status, step, message });
  process.exitCode = status === "aborted" ? 130 : 1;
}

const sourceOf = ({ data }: Plan): RunConfig["source"] => ({ data, size: 28, limit: 0 });

function firstConfig(plan: Plan, shape: Shape, seed: number): RunConfig {
  const { steps, learningRate } = plan.train;
  return {
    ...{ command: "train", source: sourceOf(plan), shape, network: networkConfig(shape, plan.network) },
    ...{ classes: [], steps, learningRate, batch: plan.batch, optimizer: "adam", ema: 0.995 },
    ...{ stepsPerCall: 10, seed },
  };
}

function next(plan: Plan, command: "reflow" | "distil", config: RunConfig, before: Stage): RunConfig {
  const { pairs, pairSteps } = plan.reflow;
  const { steps, learningRate } = plan[command];
  const parent = join("..", before);
  const shared = { ...config, command, parent, steps, learningRate, pairs, pairSteps };
  return command === "distil" ? { ...shared, samplerSteps: 1 } : shared;
}
