// Random problems as the paper draws them: attention trained on each, and the margin problems of the tokens it selects.
import { random } from "fluxion";
import {
  attentionMargin,
  correlation,
  initAttention,
  randomAttention,
  tokenOptimality,
  tokenScores,
  trainAttention,
  type AttentionWeights,
  type LabelledAttention,
  type TrainedAttention,
} from "fluxion/analyse";
import type { ClaimContext, Figures } from "fluxion/claims";

/** Problem number k of a seed. */
const seedOf = (seed: number, k: number): number => 1000 * (seed + 1) + k;

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const share = (list: readonly boolean[]): number => mean(list.map(Number));

/** The directions are told apart in the third digit. */
const nuclear = { norm: "nuclear", tolerance: 1e-7 } as const;

async function train(
  data: LabelledAttention,
  weights: AttentionWeights,
  steps: number,
  signal: AbortSignal | undefined,
): Promise<TrainedAttention> {
  signal?.throwIfAborted();
  return trainAttention({ data, weights, steps, recordEvery: steps });
}

/** Mean over the sequences of the selected token's probability. */
const certainty = ({ probabilities: { data, shape }, selected }: TrainedAttention): number =>
  mean(selected.map((t, i) => data[i * shape[1]! + t]!));

async function isGlobal(data: LabelledAttention, selected: readonly number[]): Promise<boolean> {
  const [n, t] = data.tokens.shape as [number, number, number];
  const scores = (await tokenScores(data).data()) as Float64Array;
  return Array.from({ length: n }, (_, i) => scores.subarray(i * t, (i + 1) * t)).every(
    (row, i) => row[selected[i]!]! >= Math.max(...row),
  );
}

/** n = 6, T = 8, d = 10: where W and K Qᵀ turn to, and which tokens they select. */
export async function directions(context: ClaimContext, problems: number, steps: number): Promise<Figures> {
  const [rows, n, t, d] = [[] as Figures[], 6, 8, 10];
  for (let k = 0; k < problems; k++) {
    const seed = seedOf(context.seed, k);
    const data = randomAttention(random.key(seed), { sequences: n, tokens: t, size: d });
    const scores = { data: (await tokenScores(data).data()) as Float64Array, shape: [n, t] };
    const row: Record<string, number> = {};
    for (const parametrization of ["W", "KQ"] as const) {
      context.progress(k / problems, `${parametrization}, problem ${k + 1} of ${problems}`);
      const start = initAttention(random.foldIn(random.key(seed), 1), d, { parametrization });
      const run = await train(data, start, steps, context.signal);
      const { combined } = run.records.at(-1)!;
      const fro = await attentionMargin(data, run.selected);
      const nuc = await attentionMargin(data, run.selected, nuclear);
      const [own, other] = parametrization === "W" ? [fro, nuc] : [nuc, fro];
      row[`own${parametrization}`] = correlation(combined, own.x);
      row[`other${parametrization}`] = correlation(combined, other.x);
      row[`certainty${parametrization}`] = certainty(run);
      const { kind } = tokenOptimality(scores, run.selected, own);
      row[`global${parametrization}`] = Number(kind === "global");
      row[`local${parametrization}`] = Number(kind !== "none");
      if (parametrization === "W") row["rank"] = nuc.rank / fro.rank;
    }
    rows.push(row);
  }
  const column = (name: string): number[] => rows.map((row) => row[name]!);
  const ahead = (row: Figures): boolean =>
    row["ownW"]! - row["otherW"]! >= 0.02 && row["ownKQ"]! - row["otherKQ"]! >= 0.02;
  return {
    corrWFrobenius: mean(column("ownW")),
    corrWNuclear: mean(column("otherW")),
    corrKQNuclear: mean(column("ownKQ")),
    corrKQFrobenius: mean(column("otherKQ")),
    lowestCorrW: Math.min(...column("ownW")),
    lowestCorrKQ: Math.min(...column("ownKQ")),
    aheadShare: share(rows.map(ahead)),
    certainty: Math.min(mean(column("certaintyW")), mean(column("certaintyKQ"))),
    globalShare: mean(column("globalW")),
    localShareW: mean(column("localW")),
    localShareKQ: mean(column("localKQ")),
    rankRatio: mean(column("rank")),
  };
}

/** n = 4, T = 5, d = 24, from W = 0: how often the best tokens are selected when d is large. */
export async function overparametrized(
  context: ClaimContext,
  problems: number,
  steps: number,
): Promise<Figures> {
  const [found, d] = [[] as boolean[], 24];
  for (let k = 0; k < problems; k++) {
    context.progress(k / problems, `large d, problem ${k + 1} of ${problems}`);
    const data = randomAttention(random.key(seedOf(context.seed, k)), { sequences: 4, tokens: 5, size: d });
    const { selected } = await train(
      data,
      initAttention(random.key(0), d, { scale: 0 }),
      steps,
      context.signal,
    );
    found.push(await isGlobal(data, selected));
  }
  return { largeGlobalShare: share(found) };
}
