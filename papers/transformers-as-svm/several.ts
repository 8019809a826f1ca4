// A ReLU head makes attention select several tokens of a sequence: does the problem of several tokens describe W then?
import { compile, grad, random, scan, tensor, vmap, type Tensor } from "fluxion";
import {
  attentionLoss,
  attentionMargin,
  attentionProbabilities,
  correlation,
  generalizedMargin,
  initAttention,
  randomAttention,
  reluHead,
  selectedTokens,
  type LabelledAttention,
} from "fluxion/analyse";
import type { ClaimContext, Figures } from "fluxion/claims";
import { applyUpdates, normalizedGd } from "fluxion/optim";

const [n, t, d] = [3, 4, 8];
/** Probabilities from `kept` on count as selected, up to `dropped` as not; a run with others has not converged. */
const [kept, dropped] = [1e-3, 1e-6];
const stepsPerCall = 250;

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

function problem(key: Tensor): LabelledAttention & { readonly start: Tensor } {
  const [forData, forHead, forStart] = random.keys(key, 3);
  const v = random.normal(forHead, [d, d], { dtype: "float64" });
  const { w } = initAttention(forStart, d) as { w: Tensor };
  const data = randomAttention(forData, { sequences: n, tokens: t, size: d });
  return { ...data, head: reluHead(v.div(v.square().sum().sqrt())), start: w };
}

/** n = 3, T = 4, d = 8, all draws trained at once: few converge to several tokens, so it takes many. */
export async function severalTokens(context: ClaimContext, draws: number, steps: number): Promise<Figures> {
  // With the paper's eps. Where every ReLU of a sequence is off it has no gradient; without eps the others would drag W on,
  // and such runs would seem to have converged.
  const optimizer = normalizedGd({ learningRate: 0.1, eps: 2 ** -52 });
  const keys = random.split(random.key(context.seed + 100), draws);
  const begin = compile((all: Tensor) => vmap((key: Tensor) => problem(key).start)(all));
  const advance = compile((all: Tensor, ws: Tensor) =>
    vmap((key: Tensor, start: Tensor) => {
      const { start: _, ...data } = problem(key);
      const step = (w: Tensor): [Tensor, object] => {
        const g = grad((x: Tensor) => attentionLoss({ w: x }, data))(w);
        return [applyUpdates(w, optimizer.update(g, optimizer.init(w), w).updates), {}];
      };
      return scan(step, start, undefined, { length: stepsPerCall })[0];
    })(all, ws),
  );
  const look = compile((all: Tensor, ws: Tensor) =>
    vmap((key: Tensor, w: Tensor) => {
      const { tokens, queries, labels } = problem(key);
      return { tokens, queries, labels, s: attentionProbabilities({ w }, { tokens, queries }) };
    })(all, ws),
  );
  try {
    let w = await begin(keys);
    for (let done = 0; done < steps; done += stepsPerCall) {
      context.signal?.throwIfAborted();
      context.progress(done / steps, `ReLU head, ${draws} draws`);
      w = await advance(keys, w);
    }
    return await compare(await look(keys, w), w, draws);
  } finally {
    await Promise.all([begin.release(), advance.release(), look.release()]);
  }
}

async function compare(
  of: Readonly<Record<"tokens" | "queries" | "labels" | "s", Tensor>>,
  w: Tensor,
  draws: number,
): Promise<Figures> {
  const read = async (x: Tensor): Promise<Float64Array> => (await x.data()) as Float64Array;
  const [tokens, queries, labels, s, combined] = (await Promise.all(
    [of.tokens, of.queries, of.labels, of.s, w].map(read),
  )) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const part = (list: Float64Array, k: number, shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { data: list.subarray(k * size, (k + 1) * size), shape };
  };
  const [together, single]: [number[], number[]] = [[], []];
  for (let k = 0; k < draws; k++) {
    const p = part(s, k, [n, t]);
    if (!part(labels, k, [n]).data.includes(-1)) continue;
    const converged = !p.data.some((v) => v > dropped && v <= kept) && p.data.some((v) => v <= dropped);
    if (!converged || p.data.filter((v) => v > kept).length === n) continue;
    const asTensor = (list: Float64Array, shape: number[]): Tensor =>
      tensor(part(list, k, shape).data, { shape });
    const data = { tokens: asTensor(tokens, [n, t, d]), queries: asTensor(queries, [n, d]) };
    const trained = part(combined, k, [d, d]);
    const both = await generalizedMargin(data, p, { atLeast: kept });
    const one = await attentionMargin(data, selectedTokens(p));
    if ([both.direction, both.finite, one].some(({ status }) => status !== "converged")) continue;
    together.push(1 - correlation(trained, both.fit(trained).x));
    single.push(1 - correlation(trained, one.x));
  }
  return {
    severalRuns: together.length,
    severalDistance: mean(together),
    severalDistanceOneToken: mean(single),
  };
}
