import { Option, type Command } from "commander";
import { gatherRows } from "../../../data/batches.js";
import { writeFileAtomic } from "../../../data/node/atomic-write.js";
import type { ReluLossName } from "../../../solve/convex-relu/losses.js";
import { fitConvexRelu } from "../../../solve/convex-relu/fit.js";
import { fraction, positive, whole } from "../../options.js";
import { createReport, shortNumber } from "../../report.js";
import { interruptible } from "../../session.js";
import { accuracy, codedTargets, determination, splitRows } from "./judge.js";
import { column, readTargetTable } from "./table.js";

interface Options {
  target: string;
  task?: "regression" | "classification";
  loss?: ReluLossName;
  beta?: number;
  rho?: number;
  patterns?: number | "all";
  iterations: number;
  holdout: number;
  seed: number;
  out?: string;
  json?: boolean;
}

function patternCount(text: string): number | "all" {
  return text === "all" ? text : whole(1, 100_000)(text);
}

/** `fluxion solve convex-fit`: a two-layer ReLU network fitted by its convex program. */
export function convexFitCommand(solve: Command): void {
  solve
    .command("convex-fit")
    .description("fit a two-layer ReLU network to a table by a convex program, and bound what is left")
    .argument("<table>", "a .csv file (with or without names of columns) or a .npy file [rows, columns]")
    .optionsGroup("Data:")
    .option(
      "--target <column>",
      "name or number of the column to predict (negative: from the end)",
      column,
      "-1",
    )
    .addOption(
      new Option("--task <task>", "default: classification if the target has two values").choices([
        "regression",
        "classification",
      ]),
    )
    .option("--holdout <x>", "part of the rows kept for the test, in [0, 1)", fraction, 0.2)
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
    .option("--iterations <n>", "most iterations", whole(1, 1e6), 500)
    .optionsGroup("Other options:")
    .option("--seed <n>", "fixes split and patterns", whole(0, 2 ** 32 - 1), 0)
    .option("--out <file>", "JSON file for the model; fluxion/solve's predictRelu applies it")
    .option("--json", "print the result as one JSON document, and nothing else")
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
  const table = await readTargetTable(file, options.target);
  const { targets, classes } = codedTargets(file, table, options.task, { most: 2 });
  const n = targets.length;
  const { train, test } = splitRows(n, options, classes ? targets : undefined);
  const rows = (indices: Int32Array) => ({
    x: gatherRows(table.features, indices),
    y: Array.from(indices, (k) => targets[k]!),
  });
  const [seen, kept] = [rows(train), rows(test)];
  const task = classes ? "classification" : "regression";
  report.note(`${file}: ${n} rows, ${table.columns.length} features; ${task} of column ${table.target}`);
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
  const quality = (part: typeof seen): number | undefined =>
    part.y.length === 0 ? undefined : (classes ? accuracy : determination)(fit.predict(part.x), part.y);
  const [training, holdout] = [quality(seen), quality(kept)];
  if (options.out !== undefined) {
    const { columns, target } = table;
    const saved = { columns, target, ...(classes ? { classNames: classes } : {}), model };
    await writeFileAtomic(options.out, `${JSON.stringify(saved, undefined, 2)}\n`);
  }

  const measure = classes ? "accuracy" : "R²";
  const show = (value: number | undefined): string => (value === undefined ? "–" : shortNumber(value));
  report.table([
    {
      ...{ units: model.output.length, patterns: outcome.patterns.count, beta: fit.beta, cost: outcome.cost },
      "lower bound": certificate.bound,
      ...{ [`${measure}, training`]: show(training), [`${measure}, test`]: show(holdout) },
    },
  ]);
  const scope = certificate.scope === "all networks" ? "of all networks" : "of networks with these patterns";
  report.note(`${outcome.status} after ${outcome.iterations} iterations; the bound is one ${scope}`);
  if (options.out !== undefined) report.note(`wrote ${options.out}`);
  report.result({
    ...{ file, task, rows: n, target: table.target, status: outcome.status, reason: outcome.reason },
    ...{ iterations: outcome.iterations, units: model.output.length, patterns: outcome.patterns.count },
    ...{
      beta: fit.beta,
      rho: outcome.rho,
      certificate,
      measure: classes ? "accuracy" : "r2",
      training,
      holdout,
    },
    ...(options.out === undefined ? {} : { out: options.out }),
  });
}
