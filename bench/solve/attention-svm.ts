// The margin problems of attention by the number of tokens to be beaten.
import { random, tensor, type Tensor } from "fluxion";
import { attentionLogits, attentionMargin, randomAttention, selectedTokens } from "fluxion/analyse";
import { quadprogLeastDistance } from "../../packages/fluxion/src/testing/quadratic-program.js";
import type { ScalingSection } from "./scaling.js";

const [sequences, dimensions] = [8, 16];

/** A problem with this many constraints that some W solves: the selected tokens are those that a random W selects. */
async function problem(constraints: number) {
  const tokens = constraints / sequences + 1;
  const drawn = randomAttention(random.key(0), { sequences, tokens, size: dimensions });
  const data = { tokens: await settled(drawn.tokens), queries: await settled(drawn.queries) };
  const w = random.normal(random.key(1), [dimensions, dimensions], { dtype: "float64" });
  const logits = (await attentionLogits({ w }, data).data()) as Float64Array;
  return { ...data, selected: selectedTokens({ data: logits, shape: [sequences, tokens] }) };
}

const settled = async (x: Tensor): Promise<Tensor> => tensor(await x.data(), { shape: x.shape });

const margin = (norm: "frobenius" | "nuclear") => async (size: number) => {
  const { selected, ...data } = await problem(size);
  return async () => ({
    work: (await attentionMargin(data, selected, { norm, ...tolerance[norm] })).iterations,
  });
};
const tolerance = { frobenius: {}, nuclear: { tolerance: 1e-6 } } as const;

/** Cost of `attentionMargin` against the number of constraints. */
export const attentionSvm: ScalingSection = {
  name: "attention-svm",
  title: `Hard-margin problems of attention: ${sequences} sequences in ${dimensions} dimensions`,
  size: "constraints",
  unit: "iterations",
  sizes: [128, 512, 2048, 8192, 32768],
  series: [
    { name: "Frobenius norm, active set", prepare: margin("frobenius") },
    { name: "nuclear norm, ADMM", prepare: margin("nuclear") },
    {
      name: "Frobenius norm, quadprog",
      upTo: 2048,
      async prepare(size) {
        const { selected, ...data } = await problem(size);
        const x = (await data.tokens.data()) as Float64Array;
        const z = (await data.queries.data()) as Float64Array;
        const [t, d] = [size / sequences + 1, dimensions];
        const rows = Array.from({ length: sequences * t }, (_, k) => k)
          .filter((k) => k % t !== selected[Math.floor(k / t)])
          .map((k) => {
            const i = Math.floor(k / t);
            const best = i * t + selected[i]!;
            return Array.from({ length: d * d }, (_, j) => {
              const a = Math.floor(j / d);
              return (x[best * d + a]! - x[k * d + a]!) * z[i * d + (j % d)]!;
            });
          });
        const zero = new Array<number>(d * d).fill(0);
        return async () => {
          quadprogLeastDistance(
            rows,
            rows.map(() => 1),
            zero,
          );
        };
      },
    },
  ],
};
