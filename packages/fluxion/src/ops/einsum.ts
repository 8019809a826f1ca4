import { promote } from "../core/dtypes.js";
import { sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { cast } from "./compare.js";
import { diagonal } from "./diagonal.js";
import { parseEinsum } from "./einsum-parse.js";
import { matmul } from "./matmul.js";
import { reshape, swapAxes, transpose } from "./movement.js";
import { sum } from "./reduce.js";

/** A tensor whose axes have names, each at most once. */
interface Named {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

type Sizes = ReadonlyMap<string, number>;

/**
 * Einstein summation: products of the operands' entries, summed over every label that the output lacks.
 * `einsum("bhqd,bhkd->bhqk", q, k)`; `"ij,jk"` alone gives the labels that occur once, in alphabetical order; `...`
 * stands for any axes, which broadcast; a label twice in one operand takes its diagonal. Operands are combined in pairs,
 * smallest intermediate result first, each pair by one matrix product or one broadcast product.
 * @param equation letters, commas, `...`, and `->` before an explicit output
 * @throws ShapeError naming the label and its sizes, or what is wrong with the equation
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const { inputs, output, sizes } = parseEinsum(equation, operands);
  const dtype = operands.map((t) => t.dtype).reduce(promote);
  const common = dtype === "bool" ? "int32" : dtype;
  const list = operands.map((t, i) =>
    squeezeOnes(diagonals({ x: cast(t, common), labels: inputs[i]! }), sizes),
  );
  while (list.length > 1) {
    const [i, j] = nextPair(list, output, sizes);
    const b = list.splice(j, 1)[0]!;
    const a = list.splice(i, 1)[0]!;
    const kept = new Set([...output, ...list.flatMap((t) => t.labels)]);
    list.push(contract(a, b, kept, sizes, list.length === 0 ? output : []));
  }
  const last = sumOut(list[0]!, new Set(output));
  // Labels squeezed everywhere cannot occur: a size is 1 only if it is 1 in all operands.
  return arrange(last, output);
}

/** Repeated labels become one axis along the diagonal. */
function diagonals({ x, labels }: Named): Named {
  const repeated = labels.findIndex((l, i) => labels.indexOf(l) !== i);
  if (repeated < 0) return { x, labels };
  const first = labels.indexOf(labels[repeated]!);
  const rest = labels.filter((_, i) => i !== first && i !== repeated);
  return diagonals({ x: diagonal(x, { axes: [first, repeated] }), labels: [...rest, labels[first]!] });
}

/** Axes of size 1 that broadcast against a longer one of the same label are dropped. */
function squeezeOnes({ x, labels }: Named, sizes: Sizes): Named {
  const keep = labels.map((l, i) => x.shape[i] === sizes.get(l));
  return {
    x: reshape(
      x,
      x.shape.filter((_, i) => keep[i]),
    ),
    labels: labels.filter((_, i) => keep[i]),
  };
}

function sumOut({ x, labels }: Named, kept: ReadonlySet<string>): Named {
  const axes = labels.flatMap((l, i) => (kept.has(l) ? [] : [i]));
  return axes.length === 0 ? { x, labels } : { x: sum(x, axes), labels: labels.filter((l) => kept.has(l)) };
}

/** Axes put in the order of `labels`; labels it lacks become axes of size 1. */
function arrange(t: Named, labels: readonly string[]): Tensor {
  const present = labels.filter((l) => t.labels.includes(l));
  const x = transpose(
    t.x,
    present.map((l) => t.labels.indexOf(l)),
  );
  if (present.length === labels.length) return x;
  return reshape(
    x,
    labels.map((l) => (t.labels.includes(l) ? t.x.shape[t.labels.indexOf(l)]! : 1)),
  );
}

const count = (labels: Iterable<string>, sizes: Sizes): number =>
  sizeOf([...labels].map((l) => sizes.get(l)!));

/** The pair whose product is smallest beside what it replaces; of equal ones the one with the least work. */
function nextPair(list: readonly Named[], output: readonly string[], sizes: Sizes): [number, number] {
  let best: [number, number] = [0, 1];
  let [least, leastWork] = [Infinity, Infinity];
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) {
      const others = list.filter((_, k) => k !== i && k !== j).flatMap((t) => t.labels);
      const kept = new Set([...output, ...others]);
      const both = [...new Set([...list[i]!.labels, ...list[j]!.labels])];
      const result = both.filter((l) => kept.has(l));
      const growth = count(result, sizes) - count(list[i]!.labels, sizes) - count(list[j]!.labels, sizes);
      const work = count(both, sizes);
      if (growth > least || (growth === least && work >= leastWork)) continue;
      [best, least, leastWork] = [[i, j], growth, work];
    }
  }
  return best;
}

/** The product of two operands, summed over the labels not in `kept`. */
function contract(a: Named, b: Named, kept: Set<string>, sizes: Sizes, output: readonly string[]): Named {
  const left = sumOut(a, new Set([...kept, ...b.labels]));
  const right = sumOut(b, new Set([...kept, ...a.labels]));
  const shared = left.labels.filter((l) => right.labels.includes(l));
  const inner = shared.filter((l) => !kept.has(l));
  const batch = shared.filter((l) => kept.has(l));
  const freeA = left.labels.filter((l) => !shared.includes(l));
  const freeB = right.labels.filter((l) => !shared.includes(l));
  if (inner.length === 0) return outerProduct(left, right, output);
  // (AB)ᵀ = BᵀAᵀ: the operand whose free labels the output names first goes first, and no transpose follows.
  const place = (labels: readonly string[]): number =>
    Math.min(Infinity, ...labels.map((l) => output.indexOf(l)));
  if (output.length > 0 && place(freeB) < place(freeA)) return contract(right, left, kept, sizes, output);
  if (freeA.length === 0 && freeB.length === 0 && batch.length > 0)
    return sumOut(outerProduct(left, right, output), kept);
  const x = matrices(left, batch, freeA, inner, sizes);
  const y = matrices(right, batch, inner, freeB, sizes);
  const labels = [...batch, ...freeA, ...freeB];
  return {
    x: reshape(
      matmul(x, y),
      labels.map((l) => sizes.get(l)!),
    ),
    labels,
  };
}

/** An operand as [batch…, rows, columns], by whichever of the two orders of its axes needs no transpose of its own. */
function matrices(
  t: Named,
  batch: readonly string[],
  rows: readonly string[],
  columns: readonly string[],
  sizes: Sizes,
): Tensor {
  const lead = batch.map((l) => sizes.get(l)!);
  const asIs = [...batch, ...columns, ...rows].every((l, i) => l === t.labels[i]);
  const [first, second] = asIs ? [columns, rows] : [rows, columns];
  const matrix = reshape(arrange(t, [...batch, ...first, ...second]), [
    ...lead,
    count(first, sizes),
    count(second, sizes),
  ]);
  // The simplifier makes this swap a flag of the product.
  return asIs ? swapAxes(matrix, -1, -2) : matrix;
}

/** All products, with the axes in the order of the output where that is known. */
function outerProduct(a: Named, b: Named, output: readonly string[]): Named {
  const all = [...new Set([...a.labels, ...b.labels])];
  const labels = [...output.filter((l) => all.includes(l)), ...all.filter((l) => !output.includes(l))];
  return { x: mul(arrange(a, labels), arrange(b, labels)), labels };
}
