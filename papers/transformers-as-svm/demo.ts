// Attention turns to a maximum-margin separator while one looks on: W first, then K and Q on the same problem.
import { compile, random, tensor, type Tensor } from "fluxion";
import {
  attentionLogits,
  attentionMargin,
  attentionProbabilities,
  correlationCurve,
  initAttention,
  randomAttention,
  selectedTokens,
  tokenOptimality,
  tokenScores,
  trainAttention,
  type AttentionMargin,
  type AttentionRecord,
} from "fluxion/analyse";
import type { ArrayData } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { sgd } from "fluxion/optim";

const controls = {
  sequences: { kind: "range", label: "Sequences", min: 1, max: 10, step: 1, initial: 6 },
  tokens: { kind: "range", label: "Tokens of each", min: 2, max: 12, step: 1, initial: 8 },
  size: { kind: "range", label: "Dimensions", min: 2, max: 24, step: 1, initial: 10 },
  optimizer: {
    kind: "choice",
    label: "Steps",
    options: [
      { value: "normalized", label: "of fixed length" },
      { value: "plain", label: "plain gradient descent" },
    ],
    initial: "normalized",
  },
  separator: {
    kind: "choice",
    label: "Separate",
    options: [
      { value: "selected", label: "the tokens attention selects" },
      { value: "best", label: "the tokens with the best scores" },
    ],
    initial: "selected",
  },
  steps: { kind: "range", label: "Steps", min: 200, max: 4000, step: 200, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const turns = 40;
const kinds = [
  { parametrization: "W", name: "W" },
  { parametrization: "KQ", name: "K Qᵀ" },
] as const;
const norms = [
  { norm: "frobenius", name: "least Frobenius norm" },
  { norm: "nuclear", name: "least nuclear norm" },
] as const;
type Separators = Readonly<Record<(typeof norms)[number]["norm"], AttentionMargin>>;
type Matrix = ArrayData<Float64Array>;

async function create(wanted: DemoState) {
  const { sequences, tokens, size, optimizer, separator, steps, seed } = demoState(controls, wanted);
  const data = randomAttention(random.key(seed), { sequences, tokens, size });
  const shape = [sequences, tokens];
  const scores: Matrix = { data: (await tokenScores(data).data()) as Float64Array, shape };
  const stop = new AbortController();
  const records: [AttentionRecord[], AttentionRecord[]] = [[], []];

  const training = inTurns(async (pause) => {
    for (const [i, { parametrization }] of kinds.entries()) {
      if (stop.signal.aborted) return;
      await trainAttention({
        ...{ data, steps, recordEvery: Math.ceil(steps / turns), signal: stop.signal },
        weights: initAttention(random.foldIn(random.key(seed), 1), size, { parametrization }),
        ...(optimizer === "plain" ? { optimizer: sgd({ learningRate: 0.1 }) } : {}),
        async onRecord(record) {
          records[i]!.push(record);
          await pause();
        },
      });
    }
  });

  const look = compile((w: Tensor, z: Tensor, x: Tensor) => {
    const seen = { tokens: x, queries: z };
    return { logits: attentionLogits({ w }, seen), probabilities: attentionProbabilities({ w }, seen) };
  });
  const looked = async (w: Matrix): Promise<{ logits: Matrix; probabilities: Matrix }> => {
    const out = await look(tensor(w.data, { shape: w.shape }), data.queries, data.tokens);
    const read = async (t: Tensor): Promise<Matrix> => ({ data: (await t.data()) as Float64Array, shape });
    return { logits: await read(out.logits), probabilities: await read(out.probabilities) };
  };

  const known = new Map<string, Promise<Separators>>();
  const separatorsOf = (selected: readonly number[]): Promise<Separators> => {
    const key = selected.join();
    const made = known.get(key) ?? separate(selected);
    known.set(key, made);
    return made;
  };
  const separate = async (selected: readonly number[]): Promise<Separators> => ({
    frobenius: await attentionMargin(data, selected),
    nuclear: await attentionMargin(data, selected, { norm: "nuclear", tolerance: 1e-6 }),
  });
  const best = selectedTokens(scores);

  async function viewsOf(kind: number): Promise<{ curves: View; leads: View; heat: View[]; now: View }> {
    const { name, parametrization } = kinds[kind]!;
    const nothing = { data: new Float64Array(size * size), shape: [size, size] };
    const record = records[kind]!.at(-1);
    const w = record?.combined ?? nothing;
    const { logits, probabilities } = await looked(w);
    const selected = selectedTokens(probabilities);
    const target = separator === "best" ? best : selected;
    const separators = await separatorsOf(target);
    const own = separators[parametrization === "W" ? "frobenius" : "nuclear"];
    const feasible = own.status === "converged";
    const curves = feasible
      ? norms.map(({ norm, name: label }) => ({
          name: label,
          points: correlationCurve(records[kind]!, separators[norm].x),
        }))
      : [];
    const goal = feasible ? own.x : nothing;
    const chance = selected.map((t, i) => probabilities.data[i * tokens + t]!);
    return {
      curves: {
        kind: "curves",
        title: `${name}: correlation with the separators`,
        ...{ x: { label: "step", min: 0, max: steps }, y: { label: "correlation", min: 0, max: 1 }, curves },
      },
      leads: {
        ...{ kind: "curves", whole: true },
        title: `${name}: leads over the other tokens, sorted; the smallest is 1`,
        ...{
          x: { label: "token", min: 0, max: sequences * (tokens - 1) },
          y: { label: "lead", logarithmic: true },
        },
        curves: [
          { name: "attention", points: sortedLeads(logits, selected) },
          {
            name: "separator",
            style: "dashed",
            points: feasible ? sortedLeads((await looked(goal)).logits, target) : [],
          },
        ],
      },
      heat: [matrixView(`${name}, trained`, w), matrixView(`Its separator (${norms[kind]!.name})`, goal)],
      now: {
        kind: "figures",
        title: `${name} now`,
        figures: [
          ...norms.map(({ norm, name: label }, i) => ({
            name: `correlation, ${label}`,
            value: curves[i]?.points.at(-1)?.[1] ?? 0,
            ...(feasible ? {} : { note: separators[norm].status }),
          })),
          { name: "probability of selected tokens", value: Math.min(...chance), note: "the lowest" },
          {
            name: "sequences with the best token",
            value: selected.filter((t, i) => t === best[i]).length,
            ...(feasible && separator === "selected"
              ? { note: `optimum: ${tokenOptimality(scores, selected, own).kind}` }
              : {}),
          },
          { name: "separator's rank", value: own.rank },
        ],
      },
    };
  }

  return {
    step: () => training.next(),
    async views(): Promise<View[]> {
      const [w, kq] = [await viewsOf(0), await viewsOf(1)];
      return [w.curves, kq.curves, w.leads, kq.leads, ...w.heat, ...kq.heat, w.now, kq.now];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await training.next();
      await look.release();
    },
  };
}

/** Leads of the selected tokens over all others, ascending, in units of the smallest; empty while it is not above 0. */
function sortedLeads({ data, shape }: Matrix, selected: readonly number[]): [number, number][] {
  const t = shape[1]!;
  const leads = Array.from(data, (v, k) => data[Math.floor(k / t) * t + selected[Math.floor(k / t)]!]! - v)
    .filter((_, k) => k % t !== selected[Math.floor(k / t)])
    .sort((a, b) => a - b);
  return leads[0]! > 0 ? leads.map((v, i) => [i + 1, v / leads[0]!]) : [];
}

function matrixView(title: string, { data, shape }: Matrix): View {
  const [rows, columns] = shape as [number, number];
  return {
    kind: "heatmap",
    title,
    values: Float32Array.from(data),
    shape: [rows, columns],
    x: { label: "query feature", min: 0, max: columns },
    y: { label: "token feature", min: rows, max: 0 },
    signed: true,
  };
}

/** Attention turning to its separators. */
export const demo: Demo = {
  id: "transformers-as-svm",
  caption:
    "One attention layer learns which token of each sequence to look at. Its weights grow for ever, but their direction settles: on the separator with the largest margin, measured by another norm for K and Q than for W.",
  watch: {
    label: "Correlation of W with its maximum-margin separator",
    note: "1: the same direction",
    better: "higher",
    of: { title: "W: correlation with the separators", curve: "least Frobenius norm" },
  },
  picture: {
    alt: "Two matrices that look alike: the trained attention weights and their maximum-margin separator.",
    views: ["W, trained", "Its separator (least Frobenius"],
  },
  controls,
  presets: [
    {
      name: "Two parametrizations, two norms",
      note: "W ends on the separator of least Frobenius norm, K Qᵀ on that of least nuclear norm, which has a lower rank.",
      shows: "effect",
      state: {},
    },
    {
      name: "Many dimensions",
      note: "With more dimensions than tokens and sequences, attention finds the best token of every sequence.",
      shows: "effect",
      state: { sequences: 4, tokens: 5, size: 24 },
    },
    {
      name: "The wrong tokens",
      note: "Attention has settled on tokens that are best only locally. Against the separator of the best tokens its direction looks like a failure of the theory; against that of its own tokens it is not.",
      shows: "failure",
      state: { separator: "best", seed: 6 },
    },
    {
      name: "Plain gradient descent",
      note: "Steps as long as the gradient are short, and get shorter as attention saturates: after a thousand of them the direction is still far from any separator.",
      shows: "failure",
      state: { optimizer: "plain" },
    },
  ],
  create,
};
