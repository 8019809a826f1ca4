import { join } from "node:path";
import { Option, type Command } from "commander";
import { exportRun } from "../export.js";
import { generate, solverNamed, writeSamples } from "../generate.js";
import {
  mostSamples,
  mostSteps,
  whole,
  wholeList,
  withCommon,
  withGuidance,
  withOutput,
  withSolver,
  type CommonOptions,
} from "../options.js";
import { linePlot, writePlot } from "../plots.js";
import { judgeOf, qualityOf } from "../quality.js";
import { createReport } from "../report.js";
import { formOf } from "../objective.js";
import { loadRun } from "../run.js";
import { interruptible } from "../session.js";

interface SampleOptions extends CommonOptions {
  n: number;
  steps: number;
  solver?: string;
  class?: number;
  guidance?: number;
  columns: number;
  scale: number;
  out?: string;
}

/** `fluxion sample`: pictures (or points) from a finished run. */
export function sampleCommand(program: Command): void {
  const command = program.command("sample").description("draw samples from a finished run");
  withGuidance(
    withSolver(
      command
        .argument("<run>", "folder of a finished run")
        .optionsGroup("Samples:")
        .option("--n <n>", "number of samples", whole(1, mostSamples), 64)
        .option("--steps <n>", "solver steps", whole(1, mostSteps), 20),
    ),
  )
    .option("--class <n>", "class of every sample, of a conditional flow", whole(0, 1e6))
    .optionsGroup("Picture:")
    .option("--columns <n>", "images in a row", whole(1, 1000), 8)
    .option("--scale <n>", "screen pixels per image pixel", whole(1, 64), 3)
    .option("--out <file>", "PNG of images, SVG of points (default: samples-<steps> in the run's folder)");
  withCommon(command)
    .addHelpText(
      "after",
      `
Examples:
  $ fluxion sample runs/train --n 100 --columns 10
  $ fluxion sample runs/straight --steps 1 --out one-step.png`,
    )
    .action(async (folder: string, options: SampleOptions) => {
      const report = createReport(options.json);
      const run = await loadRun(folder);
      const { n, steps, seed, columns, scale, class: label, guidance } = options;
      const solver = solverNamed(options.solver, formOf(run.config)).name;
      const chosen = options.solver === undefined ? {} : { solver: options.solver };
      const how = { n, steps, ...chosen, seed, label, guidance, report, title: "samples" };
      const { x1 } = await generate(run, how);
      const out = options.out ?? join(folder, `samples-${steps}`);
      const file = await writeSamples(out, x1, { columns, scale, title: folder });
      report.note(`wrote ${file}`);
      report.result({ file, n, steps, solver, seed, ...(label === undefined ? {} : { class: label }) });
    });
}

interface EvalOptions extends CommonOptions {
  n: number;
  steps: number[];
  solver?: string;
  guidance?: number;
}

/** `fluxion eval`: quality against the number of steps. */
export function evalCommand(program: Command): void {
  const command = program
    .command("eval")
    .description("quality of finished runs against the number of steps (smaller is better)");
  withGuidance(
    withSolver(
      command
        .argument("<runs...>", "folders of finished runs")
        .optionsGroup("Samples:")
        .option("--n <n>", "samples for each figure", whole(2, mostSamples), 2000)
        .addOption(
          new Option("--steps <list>", "numbers of solver steps")
            .argParser(wholeList(mostSteps))
            .default([1, 2, 4, 8, 32], "1,2,4,8,32"),
        ),
    ),
  );
  withCommon(command)
    .addHelpText(
      "after",
      `
Figures are the sliced Wasserstein distance to the data and, for Fashion-MNIST, the Fréchet distance over the
features of a classifier. A plot, quality.svg, goes to each run's folder.

Examples:
  $ fluxion eval runs/train runs/straight
  $ fluxion eval runs/train --steps 1,10,100 --solver heun --json`,
    )
    .action(async (folders: string[], options: EvalOptions) => {
      const report = createReport(options.json);
      const { n, seed, solver, guidance, steps: stepCounts } = options;
      const signal = interruptible();
      const runs = await Promise.all(folders.map(loadRun));
      const results = [];
      for (const run of runs) {
        const { folder } = run;
        const how = { stepCounts, n, seed, ...(solver ? { solver } : {}), guidance, report, signal };
        const quality = await qualityOf(run, await judgeOf(run), how);
        report.note(folder);
        report.table(quality);
        results.push({ folder, quality });
        const points = quality.map((q) => [q.steps, q.frechet ?? q.slicedWasserstein] as const);
        const y = quality[0]?.frechet === undefined ? "sliced Wasserstein distance" : "Fréchet distance";
        const labels = { title: "Quality", x: "steps", y, logX: true, logY: true };
        await writePlot(join(folder, "quality.svg"), await linePlot([{ name: folder, points }], labels));
      }
      report.result(results);
    });
}

interface ExportOptions {
  steps: number;
  solver?: string;
  portable?: boolean;
  guidance?: number;
  out?: string;
  json?: boolean;
}

/** `fluxion export`: the sampler of a run as one ONNX file. */
export function exportCommand(program: Command): void {
  const command = program
    .command("export")
    .description("write the sampler of a finished run as an ONNX file, and check it");
  withGuidance(
    withSolver(
      command
        .argument("<run>", "folder of a finished run")
        .optionsGroup("File:")
        .option("--steps <n>", "solver steps inside the file", whole(1, mostSteps), 1),
    ),
  )
    .option("--portable", "standard operators only, for runtimes other than ONNX Runtime")
    .option("--out <file>", "file to write (default: flow.onnx in the run's folder)");
  withOutput(command)
    .addHelpText(
      "after",
      `
The file takes noise [batch, ...] (and class [batch] of a conditional flow) and gives samples; any batch size.

Examples:
  $ fluxion export runs/one-step
  $ fluxion export runs/train --steps 20 --solver heun --out heun.onnx
  $ python -c "import onnxruntime as rt; print(rt.InferenceSession('heun.onnx').get_inputs()[0].shape)"`,
    )
    .action(async (folder: string, options: ExportOptions) => {
      const report = createReport(options.json);
      const run = await loadRun(folder);
      const { steps, guidance, portable = false, out: file = join(folder, "flow.onnx") } = options;
      const chosen = options.solver === undefined ? {} : { solver: options.solver };
      const solver = solverNamed(options.solver, formOf(run.config)).name;
      const done = await exportRun(run, file, { steps, ...chosen, guidance, portable });
      const size = `${(done.bytes / 1e6).toFixed(2)} MB`;
      const difference = done.difference.toExponential(1);
      report.note(`wrote ${file} (${size}); largest difference to plain ONNX Runtime ${difference}`);
      report.result({ file, steps, solver, ...done });
    });
}
