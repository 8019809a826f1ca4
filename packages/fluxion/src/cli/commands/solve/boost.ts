import type { Command } from "commander";
import { OptionError } from "../../../core/errors.js";
import { writeFileAtomic } from "../../../data/node/atomic-write.js";
import { exportOnnx } from "../../../onnx/export.js";
import { zeros } from "../../../ops/create.js";
import { boostedMlp, fitBoosted } from "../../../solve/boosting/fit.js";
import { positive, whole } from "../../options.js";
import { createReport, shortNumber } from "../../report.js";
import { interruptible } from "../../session.js";
import {
  dataOptions,
  otherOptions,
  readSupervised,
  shownQuality,
  type Rows,
  type SupervisedOptions,
} from "./supervised.js";

interface Options extends SupervisedOptions {
  units: number;
  unitsPerStep: number;
  rate: number;
  subsample: number;
}

/** `fluxion solve boost`: a network grown by gradient boosting. */
export function boostCommand(solve: Command): void {
  const command = solve
    .command("boost")
    .description(
      "grow a network of one hidden layer for a table by gradient boosting, and see how few units do",
    );
  dataOptions(command, "regression if the target is numbers with over 10 values")
    .optionsGroup("Training:")
    .option("--units <n>", "hidden units", whole(1, 10_000), 100)
    .option("--units-per-step <n>", "units that a step adds", whole(1, 1000), 1)
    .option("--rate <x>", "part of the best step that is taken, at most 1", positive(1), 0.1)
    .option("--subsample <x>", "part of the rows that a step is fitted to, at most 1", positive(1), 0.75);
  otherOptions(command, {
    seed: "fixes split, subsamples and initial weights",
    out: ".json for fluxion/solve's predictBoosted, or .onnx for raw features in, scores out",
  })
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
  const data = await readSupervised(file, options, { implied: 10 });
  const { task, seen, kept, measure, saved } = data;
  report.note(data.about);
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
  const quality = (rows: Rows, n: number): number | undefined =>
    data.quality(rows, (x) => fit.predict(x, { units: n }));
  const prefixes = [
    ...new Set([0.1, 0.25, 0.5, 1].map((part) => Math.max(unitsPerStep, Math.round(part * all)))),
  ]
    .filter((n) => n <= all)
    .map((n) => ({ units: n, training: quality(seen, n), holdout: quality(kept, n) }));
  if (out !== undefined) {
    await writeFileAtomic(
      out,
      /\.json$/i.test(out) ? `${JSON.stringify({ ...saved, model }, undefined, 2)}\n` : await onnxOf(model),
    );
  }

  report.table(
    prefixes.map((p) => ({
      ...{
        units: p.units,
        [`${measure.name}, training`]: shownQuality(p.training),
        [`${measure.name}, test`]: shownQuality(p.holdout),
      },
    })),
  );
  report.note(`${outcome.status}: ${outcome.reason}`);
  if (out !== undefined) report.note(`wrote ${out}`);
  report.result({
    ...{
      file,
      task,
      rows: data.rows,
      target: saved.target,
      status: outcome.status,
      reason: outcome.reason,
    },
    ...{ units: all, losses: outcome.residuals, measure: measure.key, prefixes },
    ...(out === undefined ? {} : { out }),
  });
}

async function onnxOf(model: Parameters<typeof boostedMlp>[0]): Promise<Uint8Array> {
  const { network, params } = boostedMlp(model);
  return exportOnnx((x) => network.apply(params, x), [zeros([1, model.center.length])], {
    dynamicBatch: true,
  });
}
