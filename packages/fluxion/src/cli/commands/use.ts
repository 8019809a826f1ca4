import { dirname, join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { Command } from "commander";
import { whole, wholeList, withCommon, type CommonOptions } from "../options.js";
import { exportRun } from "../export.js";
import { generate, solverNamed, writeSamples } from "../generate.js";
import { linePlot, writePlot } from "../plots.js";
import { judgeOf, qualityOf } from "../quality.js";
import { createReport } from "../report.js";
import { loadRun } from "../run.js";
import { interruptible } from "../session.js";

interface SampleOptions extends CommonOptions {
  n: number;
  steps: number;
  solver: string;
  class?: number;
  columns: number;
  scale: number;
  out?: string;
}

/** `fluxion sample`: pictures (or points) from a finished run. */
export function sampleCommand(program: Command): void {
  withCommon(program.command("sample <run>").description("draw samples from a finished run"))
    .option("--n <n>", "number of samples", whole(1), 64)
    .option("--steps <n>", "solver steps", whole(1), 20)
    .option("--solver <name>", "euler, heun, midpoint or rk4", "euler")
    .option("--class <n>", "class of every sample, of a conditional flow", whole(0))
    .option("--columns <n>", "pictures in a row", whole(1), 8)
    .option("--scale <n>", "screen pixels per image pixel", whole(1), 3)
    .option("--out <file>", "PNG of images or SVG of points (default: samples-<steps> in the run's folder)")
    .action(async (folder: string, options: SampleOptions) => {
      const report = createReport(options.json ?? false);
      const run = await loadRun(folder);
      const { n, steps, seed, columns, scale } = options;
      solverNamed(options.solver);
      const { x1 } = await generate(run, {
        n,
        steps,
        solver: options.solver,
        seed,
        label: options.class,
        report,
        title: "samples",
        ...interruptible(options),
      });
      const out = options.out ?? join(folder, `samples-${steps}`);
      await mkdir(dirname(out), { recursive: true });
      const file = await writeSamples(out, x1, { columns, scale, title: folder });
      report.note(`wrote ${file}`);
      report.result({ file, n, steps, solver: options.solver, seed });
    });
}

interface EvalOptions extends CommonOptions {
  n: number;
  steps: number[];
  solver: string;
}

/** `fluxion eval`: quality against the number of steps. */
export function evalCommand(program: Command): void {
  withCommon(
    program.command("eval <runs...>").description("quality of finished runs against the number of steps"),
  )
    .option("--n <n>", "samples for each figure", whole(2), 2000)
    .option("--steps <list>", "numbers of steps", wholeList, [1, 2, 4, 8, 32])
    .option("--solver <name>", "euler, heun, midpoint or rk4", "euler")
    .action(async (folders: string[], options: EvalOptions) => {
      const report = createReport(options.json ?? false);
      const { n, seed, solver } = options;
      const { signal } = interruptible(options);
      const results = [];
      for (const folder of folders) {
        const run = await loadRun(folder);
        const quality = await qualityOf(run, await judgeOf(run), {
          stepCounts: options.steps,
          n,
          seed,
          solver,
          report,
          signal,
        });
        report.note(folder);
        report.table(quality);
        results.push({ folder, quality });
        const curve = {
          name: folder,
          points: quality.map((q) => [q.steps, q.frechet ?? q.slicedWasserstein] as const),
        };
        const y = quality[0]?.frechet === undefined ? "sliced Wasserstein distance" : "Fréchet distance";
        await writePlot(
          join(folder, "quality.svg"),
          linePlot([curve], { title: "Quality", x: "steps", y, logX: true, logY: true }),
        );
      }
      report.result(results);
    });
}

/** `fluxion export`: the sampler of a run as one ONNX file. */
export function exportCommand(program: Command): void {
  withCommon(
    program.command("export <run>").description("write the sampler of a finished run as an ONNX file"),
  )
    .option("--steps <n>", "Euler steps inside the file", whole(1), 1)
    .option("--solver <name>", "euler, heun, midpoint or rk4", "euler")
    .option("--portable", "standard operators only, for runtimes other than ONNX Runtime")
    .option("--out <file>", "file to write (default: flow.onnx in the run's folder)")
    .action(
      async (
        folder: string,
        options: CommonOptions & { steps: number; solver: string; portable?: boolean; out?: string },
      ) => {
        const report = createReport(options.json ?? false);
        const run = await loadRun(folder);
        const file = options.out ?? join(folder, "flow.onnx");
        await mkdir(dirname(file), { recursive: true });
        const done = await exportRun(run, file, {
          steps: options.steps,
          solver: options.solver,
          portable: options.portable ?? false,
        });
        report.note(
          `wrote ${file} (${(done.bytes / 1e6).toFixed(2)} MB); largest difference to plain ONNX Runtime ${done.difference.toExponential(1)}`,
        );
        report.result({ file, ...done });
      },
    );
}
