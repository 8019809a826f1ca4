import { Option, type Command } from "commander";
import { OptionError } from "../../../core/errors.js";
import { gatherRows } from "../../../data/batches.js";
import { writeFileAtomic } from "../../../data/node/atomic-write.js";
import { exportOnnx } from "../../../onnx/export.js";
import { zeros } from "../../../ops/create.js";
import { boostedMlp, fitBoosted } from "../../../solve/boosting/fit.js";
import { fraction, positive, whole } from "../../options.js";
import { createReport, shortNumber } from "../../report.js";
import { interruptible } from "../../session.js";
import { accuracy, codedTargets, determination, splitRows } from "./judge.js";
import { column, readTargetTable } from "./table.js";

interface Options {
  target: string;
  task?: "regression" | "classification";
  units: number;
  unitsPerStep: number;
  rate: number;
  subsample: number;
  holdout: number;
  seed: number;
  out?: string;
  json?: boolean;
}

/** `fluxion solve boost`: a network grown by gradient boosting. */
export function boostCommand(solve: Command): void {
  solve
    .command("boost")
    .description(
      "grow a network of one hidden layer for a table by gradient boosting, and see how few units do",
    )
    .argument("<table>", "a .csv file (with or without names of columns) or a .npy file [rows, columns]")
    .optionsGroup("Data:")
    .option(
      "--target <column>",
      "name or number of the column to predict (negative: from the end)",
      column,
      "-1",
    )
    .addOption(
      new Option("--task <task>", "default: regression if the target is numbers with over 10 values").choices(
        ["regression", "classification"],
      ),
    )
    .option("--holdout <x>", "part of the rows kept for the test, in [0, 1)", fraction, 0.2)
    .optionsGroup("Training:")
    .option("--units <n>", "hidden units", whole(1, 10_000), 100)
    .option("--units-per-step <n>", "units that a step adds", whole(1, 1000), 1)
    .option("--rate <x>", "part of the best step that is taken, at most 1", positive(1), 0.1)
    .option("--subsample <x>", "part of the rows that a step is fitted to, at most 1", positive(1), 0.75)
    .optionsGroup("Other options:")
    .option("--seed <n>", "fixes split, subsamples and initial weights", whole(0, 2 ** 32 - 1), 0)
    .option(
      "--out <file>",
      ".json for fluxion/solve's predictBoosted, or .onnx for raw features in, scores out",
    )
    .option("--json", "print the result as one JSON document, and nothing else")
    .addHelpText(
      "after",
      `
The table shows what the first units alone are worth: every prefix is a model.

Examples:
  $ fluxion solve boost table.csv --target price --out model.onnx
  $ fluxion solve boost table.npy --units 200 --units-per-step 2 --rate 0.25 --json`,
    )
    .action(boost);
}

async function boost(file: string, options: Options): Promise<void> {
  const report = createReport(options.json);
  const { out, units, unitsPerStep, seed } = options;
  if (out !== undefined && !/\.(json|onnx)$/i.test(out))
    throw new OptionError({ where: "--out", want: "a .json or .onnx file", got: out });
  const table = await readTargetTable(file, options.target);
  const { targets, classes } = codedTargets(file, table, options.task, { implied: 10 });
  const { train, test } = splitRows(targets.length, options, classes ? targets : undefined);
  const rows = (indices: Int32Array) => ({
    x: gatherRows(table.features, indices),
    y: Array.from(indices, (k) => targets[k]!),
  });
  const [seen, kept] = [rows(train), rows(test)];
  const task = classes ? "classification" : "regression";
  report.note(
    `${file}: ${targets.length} rows, ${table.columns.length} features; ${task} of column ${table.target}`,
  );
  const signal = interruptible();
  const total = Math.floor(units / unitsPerStep);
  const bar = report.bar("boosting", total);
  const fit = await fitBoosted(seen.x, seen.y, {
    ...{ task, units, unitsPerStep, learningRate: options.rate, subsample: options.subsample, seed, signal },
    async onIteration({ iteration, residual }) {
      bar.update(iteration, `loss ${shortNumber(residual)}`);
      // The fits never wait for anything: without this, Ctrl-C would be heard only after the last of them.
      await new Promise((resolve) => setImmediate(resolve));
    },
  }).finally(() => bar.stop());
  signal.throwIfAborted();
  const { outcome, model } = fit;
  const all = model.hidden.length;
  const judge = classes ? accuracy : determination;
  const quality = ({ x, y }: typeof seen, n: number): number | undefined =>
    y.length === 0 ? undefined : judge(fit.predict(x, { units: n }), y);
  const prefixes = [
    ...new Set([0.1, 0.25, 0.5, 1].map((part) => Math.max(unitsPerStep, Math.round(part * all)))),
  ]
    .filter((n) => n <= all)
    .map((n) => ({ units: n, training: quality(seen, n), holdout: quality(kept, n) }));
  if (out !== undefined) {
    const saved = {
      columns: table.columns,
      target: table.target,
      ...(classes ? { classNames: classes } : {}),
      model,
    };
    await writeFileAtomic(
      out,
      /\.json$/i.test(out) ? `${JSON.stringify(saved, undefined, 2)}\n` : await onnxOf(model),
    );
  }

  const measure = classes ? "accuracy" : "R²";
  const show = (value: number | undefined): string => (value === undefined ? "–" : shortNumber(value));
  report.table(
    prefixes.map((p) => ({
      ...{
        units: p.units,
        [`${measure}, training`]: show(p.training),
        [`${measure}, test`]: show(p.holdout),
      },
    })),
  );
  report.note(`${outcome.status}: ${outcome.reason}`);
  if (out !== undefined) report.note(`wrote ${out}`);
  report.result({
    ...{
      file,
      task,
      rows: targets.length,
      target: table.target,
      status: outcome.status,
      reason: outcome.reason,
    },
    ...{ units: all, losses: outcome.residuals, measure: classes ? "accuracy" : "r2", prefixes },
    ...(out === undefined ? {} : { out }),
  });
}

async function onnxOf(model: Parameters<typeof boostedMlp>[0]): Promise<Uint8Array> {
  const { network, params } = boostedMlp(model);
  return exportOnnx((x) => network.apply(params, x), [zeros([1, model.center.length])], {
    dynamicBatch: true,
  });
}
