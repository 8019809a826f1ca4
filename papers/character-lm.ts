// The bench that the papers on language models share: a character-level GPT of 62,640 parameters on the embedded novel.
import { logSoftmax, random, tensor, type Tensor } from "fluxion";
import { characterTokens, loadText, seededUniform } from "fluxion/data";
import { gpt, type GptParams, type Model } from "fluxion/nn";

/** Tokens int32 [B, N] and the ones that follow, [B, N]. */
export type Sequences = { x: Tensor; y: Tensor };

/** Characters a sequence has. */
export const context = 48;

/** The text in parts, and the batches of a run. */
export interface CharacterTask<P = GptParams> {
  readonly model: Model<P, [tokens: Tensor]>;
  /** Random windows of the first nine tenths; depends on seed and step only. */
  readonly batches: (batchSize: number) => (seed: number, step: number) => Sequences;
  /** `n` evenly spaced windows of the last tenth: the first half of it for tuning, the second for reporting. */
  readonly heldOut: (part: "tune" | "test", n: number) => Sequences;
  /** Random windows of the training part, another seed space than `batches`. */
  readonly sample: (n: number, seed: number) => Sequences;
  readonly loss: (params: P, batch: Sequences) => Tensor;
}

/** The task with `nn.gpt` of width 48, two blocks and two heads: tokens and output share one table, which starts small. */
export const characterTask = (): Promise<CharacterTask> =>
  taskOf((vocabulary) => gpt({ vocabulary, context, width: 48, depth: 2, heads: 2 }));

/** The task with a network of one's own, made for a number of different characters. */
export async function taskOf<P>(
  make: (vocabulary: number) => Model<P, [tokens: Tensor]>,
): Promise<CharacterTask<P>> {
  const { tokens, characters } = characterTokens(await loadText("moby-dick"));
  const model = make(characters.length);
  const training = Math.floor(0.9 * tokens.length);
  const windows = (starts: readonly number[]): Sequences => {
    const rows = (shift: number): Tensor => {
      const data = new Int32Array(starts.length * context);
      starts.forEach((start, i) =>
        data.set(tokens.subarray(start + shift, start + shift + context), i * context),
      );
      return tensor(data, { shape: [starts.length, context] });
    };
    return { x: rows(0), y: rows(1) };
  };
  const draw = (n: number, next: () => number): Sequences =>
    windows(Array.from({ length: n }, () => Math.floor(next() * (training - context - 1))));
  return {
    model,
    batches: (batchSize) => (seed, step) => draw(batchSize, seededUniform(seed, step)),
    sample: (n, seed) => draw(n, seededUniform(seed, 2 ** 31)),
    heldOut(part, n) {
      const length = Math.floor((tokens.length - training) / 2);
      const from = training + (part === "tune" ? 0 : length);
      const gap = (length - context - 1) / n;
      return windows(Array.from({ length: n }, (_, i) => from + Math.floor(i * gap)));
    },
    loss: (params, { x, y }) => nextTokenLoss(model.apply(params, x), y),
  };
}

/** Mean cross-entropy of logits [B, N, K] against the tokens that follow, [B, N], in nats. */
export const nextTokenLoss = (logits: Tensor, y: Tensor): Tensor =>
  logSoftmax(logits).takeAlongAxis(y.expandDims(-1), -1).mean().neg();

/** The start of a run. */
export const initial = <P>({ model }: CharacterTask<P>, seed: number): P => model.init(random.key(seed));
