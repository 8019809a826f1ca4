// What the claim and the demo of AlignProp have in common: a flow without a class, a classifier's opinion as its reward.
import { compile, full, logSoftmax, random, softmax, type Tensor } from "fluxion";
import type { ArrayData } from "fluxion/data";
import { sampleOde, velocityOf, type FlowMlpParams } from "fluxion/flow";
import { mergeLora, type Lora } from "fluxion/nn";
import { network, nullClass, shape, type ClassifierParams } from "../fashion14.js";

/** Steps of the sampler. */
export const steps = 20;
/** Pictures of an update. */
export const batchSize = 64;

/** A classifier as `trainClassifier14` gives it. */
export interface Classifier {
  readonly params: ClassifierParams;
  readonly logits: (params: ClassifierParams, x: Tensor) => Tensor;
}

/** No class, for every picture. */
export const noClass = (n: number): ArrayData<Int32Array> => ({
  data: new Int32Array(n).fill(nullClass),
  shape: [n],
});

/** Logarithm of the probability that the classifier gives to a kind. */
export const rewardOf =
  ({ params, logits }: Classifier, kind: number) =>
  (x: Tensor): Tensor =>
    logSoftmax(logits(params, x)).slice(null, kind);

/** What is to be seen of a tuned flow, always from the same noise. */
export interface Judged {
  /** Mean probability of the kind. */
  readonly probability: number;
  readonly pictures: ArrayData<Float32Array>;
}

/** Draws `n` pictures with changed weights and asks the classifier. Release it after use. */
export function judge(
  { params, logits }: Classifier,
  options: {
    base: FlowMlpParams;
    kind: number;
    n: number;
    seed: number;
  },
) {
  const { base, kind, n, seed } = options;
  const draw = compile(
    (lora: Lora) => {
      const cond = full([n], nullClass, { dtype: "int32" });
      const x0 = random.normal(random.key(seed), [n, ...shape]);
      const x = sampleOde(velocityOf(network.apply, mergeLora(base, lora), { cond }), x0, { steps });
      return { x, probability: softmax(logits(params, x)).slice(null, kind).mean() };
    },
    { threads: 1 },
  );
  return {
    async of(lora: Lora): Promise<Judged> {
      const { x, probability } = await draw(lora);
      const pictures = { data: (await x.data()) as Float32Array, shape: [...x.shape] };
      return { probability: Number(await probability.item()), pictures };
    },
    release: () => draw.release(),
  };
}

/** Variance among pictures, in the mean of the pixels: small where all are alike. */
export function spread({ data, shape: [n = 0] }: ArrayData<Float32Array>): number {
  const size = data.length / n;
  let sum = 0;
  for (let j = 0; j < size; j++) {
    let [total, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      const v = data[i * size + j]!;
      total += v;
      squares += v * v;
    }
    sum += squares / n - (total / n) ** 2;
  }
  return sum / size;
}
