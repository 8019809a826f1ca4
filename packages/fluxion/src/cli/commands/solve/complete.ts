import { join } from "node:path";
import { Option, type Command } from "commander";
import { FormatError, OptionError } from "../../../core/errors.js";
import { seededUniform } from "../../../data/seeded.js";
import { writeFileAtomic } from "../../../data/node/atomic-write.js";
import { encodeNpy } from "../../../data/npy.js";
import { completeMatrix, type CompletionOutcome } from "../../../solve/completion/complete-matrix.js";
import { exactLeastSquares } from "../../../solve/completion/least-squares.js";
import { lowRankToDense, type LowRankMatrix } from "../../../solve/completion/low-rank.js";
import { partOf } from "../../../solve/completion/partition.js";
import { sketchedLeastSquares } from "../../../solve/completion/sketched.js";
import type { SparseMatrix } from "../../../solve/sparse.js";
import { fraction, positive, whole, wholeList } from "../../options.js";
import { createReport, shortNumber } from "../../report.js";
import { interruptible } from "../../session.js";
import { readObserved } from "./observed.js";

interface Options {
  rank: number[];
  ridge?: number;
  solver: "sketched" | "exact";
  iterations: number;
  holdout: number;
  seed: number;
  out?: string;
  factors?: string;
  json?: boolean;
}

const mostDense = 50_000_000;

/** `fluxion solve complete`: the missing entries of a matrix, by low rank. */
export function completeCommand(solve: Command): void {
  solve
    .command("complete")
    .description("fill in the missing entries of a matrix, as those of a matrix of low rank")
    .argument(
      "<matrix>",
      "a .csv or .npy matrix (empty or NaN is missing), or a .mtx file of the known entries",
    )
    .optionsGroup("Method:")
    .option(
      "--rank <n,…>",
      "rank; of several, the one with the best hold-out error",
      wholeList(10_000),
      [1, 2, 4, 8],
    )
    .option(
      "--ridge <x>",
      "penalty that keeps the guesses bounded (default: 0.01; a tiny one: exact low rank)",
      positive(1e9),
    )
    .addOption(
      new Option("--solver <name>", "how each regression is solved")
        .choices(["sketched", "exact"])
        .default("sketched"),
    )
    .option("--iterations <n>", "most rounds", whole(1, 100_000), 50)
    .option(
      "--holdout <x>",
      "part of the known entries kept to choose and judge the rank, in [0, 1)",
      fraction,
      0.1,
    )
    .optionsGroup("Other options:")
    .option("--seed <n>", "fixes hold-out, start and sketches", whole(0, 2 ** 32 - 1), 0)
    .option("--out <file>", "the completed matrix, .csv or .npy; known entries stay as they are")
    .option("--factors <folder>", "left.npy and right.npy: the matrix is left · rightᵀ")
    .option("--json", "print the result as one JSON document, and nothing else")
    .addHelpText(
      "after",
      `
The error is the root mean square over held-out entries; beside it, that of the column means. After the choice, the
matrix is completed from all known entries.

Examples:
  $ fluxion solve complete ratings.csv --rank 1,2,5,10 --out filled.csv
  $ fluxion solve complete known.mtx --rank 10 --factors factors --json`,
    )
    .action(complete);
}

async function complete(file: string, options: Options): Promise<void> {
  const report = createReport(options.json);
  const { observed, columns } = await readObserved(file);
  const { rows, columns: width, values } = observed;
  if (options.out !== undefined) checkOut(options.out, rows, width);
  if (values.length === 0)
    throw new FormatError({
      where: file,
      want: "at least one known entry",
      got: `none of ${rows} × ${width}`,
    });
  const ranks = options.rank.filter((rank) => rank <= Math.min(rows, width));
  if (ranks.length === 0)
    throw new OptionError({
      where: "--rank",
      want: `at most ${Math.min(rows, width)}`,
      got: options.rank.join(","),
    });
  const { ridge = 0.01, seed, iterations, holdout } = options;
  const part = Math.round((100 * values.length) / (rows * width));
  report.note(`${file}: ${rows} × ${width}, ${values.length} entries known (${part} %)`);
  const signal = interruptible();
  const leastSquares =
    options.solver === "exact" ? exactLeastSquares({ ridge }) : sketchedLeastSquares({ ridge });

  const run = async (known: SparseMatrix, rank: number, label: string): Promise<CompletionOutcome> => {
    const bar = report.bar(label, iterations);
    const outcome = await completeMatrix(known, {
      ...{ rank, leastSquares, maxIterations: iterations, seed, signal },
      onIteration: ({ iteration, residual }) => bar.update(iteration, `residual ${shortNumber(residual)}`),
    }).finally(() => bar.stop());
    signal.throwIfAborted();
    if (outcome.status === "non-finite")
      throw new FormatError({ where: file, want: "finite numbers", got: outcome.reason });
    return outcome;
  };

  const trials: { rank: number; training: number; holdout: number }[] = [];
  let means: number | undefined;
  if (holdout > 0) {
    const uniform = seededUniform(seed, 9);
    const labels = Uint32Array.from(values, () => (uniform() < holdout ? 1 : 0));
    const [known, kept] = [partOf(observed, labels, 0), partOf(observed, labels, 1)];
    if (known.values.length > 0 && kept.values.length > 0) {
      means = heldOut(kept, columnMeans(known));
      for (const rank of ranks) {
        const { x, residuals } = await run(known, rank, `rank ${rank}`);
        trials.push({ rank, training: residuals.at(-1)!, holdout: heldOut(kept, entryOf(x)) });
      }
    }
  }
  if (trials.length === 0 && ranks.length > 1)
    throw new OptionError({ where: "--rank", want: "one rank without a hold-out", got: ranks.join(",") });
  const rank = trials.reduce(
    (a, b) => (b.holdout < a.holdout ? b : a),
    trials[0] ?? { rank: ranks[0]!, holdout: 0 },
  ).rank;
  const outcome = await run(observed, rank, `rank ${rank}, all entries`);
  if (options.out !== undefined)
    await writeFileAtomic(options.out, encoded(options.out, observed, outcome.x, columns));
  if (options.factors !== undefined) {
    const { left, right } = outcome.x;
    await writeFileAtomic(join(options.factors, "left.npy"), encodeNpy({ data: left, shape: [rows, rank] }));
    await writeFileAtomic(
      join(options.factors, "right.npy"),
      encodeNpy({ data: right, shape: [width, rank] }),
    );
  }

  if (trials.length > 0)
    report.table(
      trials.map((t) => ({
        ...{ rank: t.rank, "residual, training": shortNumber(t.training) },
        ...{ "error, hold-out": shortNumber(t.holdout), "of column means": shortNumber(means!) },
      })),
    );
  report.note(`rank ${rank}: ${outcome.status} after ${outcome.iterations} rounds; ${outcome.reason}`);
  const { underdetermined } = outcome;
  if (underdetermined.rows + underdetermined.columns > 0)
    report.warn(
      `${underdetermined.rows} rows and ${underdetermined.columns} columns have fewer known entries than the rank: what is missing there is a guess`,
    );
  for (const path of [options.out, options.factors]) if (path !== undefined) report.note(`wrote ${path}`);
  report.result({
    ...{ file, rows, columns: width, entries: values.length, rank, ridge, solver: options.solver },
    ...{
      trials,
      ...(means === undefined ? {} : { columnMeans: means }),
      status: outcome.status,
      reason: outcome.reason,
    },
    ...{ iterations: outcome.iterations, residuals: outcome.residuals, work: outcome.work, underdetermined },
    ...(options.out === undefined ? {} : { out: options.out }),
    ...(options.factors === undefined ? {} : { factors: options.factors }),
  });
}

type Entry = (row: number, column: number) => number;

const entryOf =
  ({ rank, left, right }: LowRankMatrix): Entry =>
  (i, j) => {
    let sum = 0;
    for (let l = 0; l < rank; l++) sum += left[i * rank + l]! * right[j * rank + l]!;
    return sum;
  };

/** The mean of a column's known entries, and where there are none, of all. */
function columnMeans({ columns, indices, values }: SparseMatrix): Entry {
  const [sums, counts] = [new Float64Array(columns), new Float64Array(columns)];
  values.forEach((v, e) => {
    sums[indices[e]!]! += v;
    counts[indices[e]!]!++;
  });
  const all = values.reduce((sum, v) => sum + v, 0) / values.length;
  return (_, j) => (counts[j] === 0 ? all : sums[j]! / counts[j]!);
}

/** Root mean square error of an estimate on these entries. */
function heldOut({ rows, starts, indices, values }: SparseMatrix, entry: Entry): number {
  let sum = 0;
  for (let i = 0; i < rows; i++)
    for (let e = starts[i]!; e < starts[i + 1]!; e++) sum += (values[e]! - entry(i, indices[e]!)) ** 2;
  return Math.sqrt(sum / values.length);
}

function checkOut(path: string, rows: number, columns: number): void {
  if (!/\.(csv|npy)$/i.test(path))
    throw new OptionError({ where: "--out", want: "a .csv or .npy file", got: path });
  if (rows * columns > mostDense) {
    const hint = "--factors writes the two thin factors instead";
    throw new OptionError({
      where: "--out",
      want: `at most ${mostDense} entries`,
      got: `${rows} × ${columns}`,
      hint,
    });
  }
}

/** The completed matrix with the known entries as they are. */
function encoded(
  path: string,
  known: SparseMatrix,
  x: LowRankMatrix,
  names?: readonly string[],
): Uint8Array | string {
  const dense = lowRankToDense(x);
  const { rows, columns, starts, indices, values } = known;
  for (let i = 0; i < rows; i++)
    for (let e = starts[i]!; e < starts[i + 1]!; e++) dense.data[i * columns + indices[e]!] = values[e]!;
  if (/\.npy$/i.test(path)) return encodeNpy(dense);
  const lines = Array.from({ length: rows }, (_, i) =>
    dense.data.subarray(i * columns, (i + 1) * columns).join(","),
  );
  const quoted = names
    ?.map((name) => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name))
    .join(",");
  return `${[...(quoted === undefined ? [] : [quoted]), ...lines].join("\n")}\n`;
}
