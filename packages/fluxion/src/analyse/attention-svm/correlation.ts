import { ShapeError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import type { AttentionRecord } from "./train-attention.js";

/**
 * Cosine of the angle between two matrices: ⟨A, B⟩ / (‖A‖_F ‖B‖_F), in [−1, 1]; NaN if one of them is 0.
 * @throws ShapeError unless they have the same shape
 */
export function correlation(a: ArrayData, b: ArrayData): number {
  if (a.shape.join() !== b.shape.join()) {
    const [want, got] = [`[${a.shape.join(", ")}]`, `[${b.shape.join(", ")}]`];
    throw new ShapeError({ where: "analyse.correlation", want, got });
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [a.data[i]!, b.data[i]!];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** How training turns towards a direction: [step, correlation of the weights with it] for every record whose weights are not 0. */
export const correlationCurve = (
  records: readonly AttentionRecord[],
  direction: ArrayData,
): [step: number, correlation: number][] =>
  records
    .map(({ step, combined }): [number, number] => [step, correlation(combined, direction)])
    .filter(([, value]) => !Number.isNaN(value));
