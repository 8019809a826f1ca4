import type { Command } from "commander";
import type { AttentionWeights } from "../../analyse/attention-svm/attention-layer.js";
import {
  tokenSelection,
  type MarginComparison,
  type TokenSelectionReport,
} from "../../analyse/attention-svm/token-selection.js";
import { OptionError } from "../../core/errors.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { readArrayFile } from "../../data/node/read-array.js";
import { cast } from "../../ops/compare.js";
import { createReport, shortNumber } from "../report.js";

interface Options {
  weights?: string;
  key?: string;
  query?: string;
  mask?: string;
  json?: boolean;
}

/** `fluxion attention`: what an attention head selects, and how near its weights are to max-margin separators. */
export function attentionCommand(program: Command): void {
  program
    .command("attention")
    .description("which tokens an attention head selects, and how close to the largest margin")
    .argument("<tokens>", "a .npy file [n, T, d]: n sequences of T tokens, as they enter the layer")
    .argument("<queries>", "a .npy or .csv file [n, d]: the query token of each sequence")
    .option("--weights <file>", "W, [d, d], .npy or .csv: token x gets the logit xᵀ W z")
    .option("--key <file>", "K, [d, m]; with --query instead of --weights, W = K Qᵀ")
    .option("--query <file>", "Q, [d, m]; the weights of PyTorch's linear layers are Kᵀ and Qᵀ")
    .option("--mask <file>", "a .npy file [n, T], 0 where a token may not be attended")
    .option("--json", "print the result as one JSON document, and nothing else")
    .addHelpText(
      "after",
      `
Examples:
  $ fluxion attention tokens.npy queries.npy --key k.npy --query q.npy
  $ fluxion attention tokens.npy queries.npy --weights w.npy --json`,
    )
    .action(async (tokensFile: string, queriesFile: string, options: Options) => {
      const report = createReport(options.json);
      const weights = await readWeights(options);
      const [tokens, queries] = [await read(tokensFile), await read(queriesFile)];
      const mask = options.mask === undefined ? {} : { mask: cast(await read(options.mask), "bool") };
      const found = await tokenSelection({ tokens, queries, ...mask }, weights);
      const { sequences, frobenius, nuclear, seen, effectiveRank } = found;
      report.table(
        sequences.map(({ selected, probability, runnerUp, lead, entropy }, sequence) => ({
          ...{ sequence, selected, probability, "runner-up": String(runnerUp ?? "none"), lead, entropy },
        })),
      );
      report.note(
        `\nthe data see ${shortNumber(100 * seen)} % of W, there of effective rank ${shortNumber(effectiveRank)}\n`,
      );
      report.table([row("Frobenius", frobenius), row("nuclear", nuclear)]);
      report.result(plain(found));
    });
}

async function readWeights({ weights, key, query }: Options): Promise<AttentionWeights> {
  if (weights !== undefined && key === undefined && query === undefined) return { w: await read(weights) };
  if (weights === undefined && key !== undefined && query !== undefined)
    return { k: await read(key), q: await read(query) };
  throw new OptionError({
    where: "attention",
    want: "--weights, or --key and --query",
    got: Object.entries({ weights, key, query })
      .flatMap(([name, file]) => (file === undefined ? [] : [`--${name}`]))
      .join(" and ")
      .replace(/^$/, "none of them"),
  });
}

async function read(file: string): Promise<Tensor> {
  const { data, shape } = await readArrayFile(file);
  return tensor(data, { shape });
}

const row = (norm: string, { margin, correlation, attained }: MarginComparison) => ({
  norm,
  correlation,
  "share of largest margin": attained,
  "separator's rank": margin.rank,
  status: margin.status,
});

/** The report without the separators' arrays; numbers that JSON has no word for become null. */
function plain({ frobenius, nuclear, ...rest }: TokenSelectionReport): object {
  const short = ({ margin, correlation, attained }: MarginComparison): object => {
    const { status, reason, size, gap, rank, iterations } = margin;
    return { correlation, attained, separator: { status, reason, size, gap, rank, iterations } };
  };
  return { ...rest, frobenius: short(frobenius), nuclear: short(nuclear) };
}
