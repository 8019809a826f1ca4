import { Option, type Command } from "commander";
import { writeFileAtomic } from "../../../data/node/atomic-write.js";
import type { ReluLossName } from "../../../solve/convex-relu/losses.js";
import { fitConvexRelu } from "../../../solve/convex-relu/fit.js";
import { positive, whole } from "../../options.js";
import { createReport, shortNumber } from "../../report.js";
import { interruptible } from "../../session.js";
import {
  dataOptions,
  otherOptions,
  readSupervised,
  shownQuality,
  type SupervisedOptions,
} from "./supervised.js";

interface Options extends SupervisedOptions {
  loss?: ReluLossName;
  beta?: number;
  rho?: number;
  patterns?: number | "all";
  iterations: number;
}

function patternCount(text: string): number | "all" {
  return text === "all" ? text : whole(1, 100_000)(text);
}

/** `fluxion solve convex-fit`: a two-layer ReLU network fitted by its convex program. */
export function convexFitCommand(solve: Command): void {
  const command = solve
    .command("convex-fit")
    .description("fit a two-layer ReLU network to a table by a convex program, and bound what is left");
  dataOptions(command, "classification if the target has two values")
    .optionsGroup("Training:")
    .addOption(
      new Option("--loss <name>", "default: squared for numbers, cross-entropy for classes").choices([
        "squared",
        "cross-entropy",
      ]),
    )
    .option(
      "--beta <x>",
      "weight of the regularisation (default: 0.01 of what makes the network 0)",
      positive(1e9),
    )
    .option("--rho <x>", "ADMM's penalty (default: beta, more for many patterns)", positive(1e9))
    .option("--patterns <n>", "random activation patterns, or all (default: 100, all if few)", patternCount)
    .option("--iterations <n>", "most iterations", whole(1, 1e6), 500);
  otherOptions(command, {
    seed: "fixes split and patterns",
    out: "JSON file for the model; fluxion/solve's predictRelu applies it",
  })
    .addHelpText(
      "after",
      `
Columns are standardised and a bias is added. The gap says how far training is at most from the best network: of all
networks, or with the sampled patterns.

Examples:
  $ fluxion solve convex-fit table.csv --target price --out model.json
  $ fluxion solve convex-fit points.npy --patterns all --beta 0.01 --json`,
    )
    .action(convexFit);
}

async function convexFit(file: string, options: Options): Promise<void> {
  const report = createReport(options.json);
  const data = await readSupervised(file, options, { most: 2 });
  const { task, seen, kept, measure, saved } = data;
  report.note(data.about);
  const signal = interruptible();
  const bar = report.bar("convex program", options.iterations);
  const { loss, beta, rho, patterns, seed, iterations } = options;
  const fit = await fitConvexRelu(seen.x, seen.y, {
    ...{ task, seed, signal, maxIterations: iterations, recordEvery: Math.min(10, iterations) },
    ...(loss ? { loss } : {}),
    ...(beta === undefined ? {} : { beta }),
    ...(rho === undefined ? {} : { rho }),
    ...(patterns === undefined ? {} : { patterns }),
    onIteration: ({ iteration, cost }) => {
      if (cost !== undefined) bar.update(iteration, `cost ${shortNumber(cost)}`);
    },
  }).finally(() => bar.stop());
  signal.throwIfAborted();
  const { outcome, model } = fit;
  const certificate = fit.certificate();
  const [training, holdout] = [seen, kept].map((rows) => data.quality(rows, (x) => fit.predict(x)));
  if (options.out !== undefined)
    await writeFileAtomic(options.out, `${JSON.stringify({ ...saved, model }, undefined, 2)}\n`);

  report.table([
    {
      ...{ units: model.output.length, patterns: outcome.patterns.count, beta: fit.beta, cost: outcome.cost },
      "lower bound": certificate.bound,
      ...{
        [`${measure.name}, training`]: shownQuality(training),
        [`${measure.name}, test`]: shownQuality(holdout),
      },
    },
  ]);
  const scope = certificate.scope === "all networks" ? "of all networks" : "of networks with these patterns";
  report.note(`${outcome.status} after ${outcome.iterations} iterations; the bound is one ${scope}`);
  if (options.out !== undefined) report.note(`wrote ${options.out}`);
  report.result({
    ...{ file, task, rows: data.rows, target: saved.target, status: outcome.status, reason: outcome.reason },
    ...{ iterations: outcome.iterations, units: model.output.length, patterns: outcome.patterns.count },
    ...{
      beta: fit.beta,
      rho: outcome.rho,
      certificate,
      measure: measure.key,
      training,
      holdout,
    },
    ...(options.out === undefined ? {} : { out: options.out }),
  });
}
