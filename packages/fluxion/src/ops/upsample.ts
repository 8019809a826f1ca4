import { apply1, type Op } from "../core/node.js";
import type { Tensor } from "../core/tensor.js";
import { blockSums } from "./average-pool.js";
import { repeat } from "./movement.js";
import { throughBatch } from "./window.js";

/** Every entry repeated in a block. ONNX Runtime's Resize copies many times faster than its Expand (measured). */
const upsampleOp: Op<{ factors: readonly number[] }> = {
  name: "Upsample",
  infer: ([x], { factors }) => [
    { shape: x!.shape.map((n, i) => (i < 2 ? n : n * factors[i - 2]!)), dtype: x!.dtype },
  ],
  grad: ({ attrs: { factors } }, [ct]) => [blockSums(ct!, factors)],
  batch: ([x], _, { factors }) => [throughBatch(x!, (images) => upsample(images, factors))],
  simplify: ({ inputs: [x], attrs: { factors } }) =>
    x!.dtype === "float64" ? [factors.reduce((t, f, i) => repeat(t, f, i + 2), x!)] : undefined,
  emit: (scope, { attrs: { factors } }, [x]) => {
    const scales = Float32Array.of(1, 1, ...factors);
    return scope.node("Resize", [x!, "", scope.literal(scales, "float32", [scales.length])], {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    });
  },
};

/** Every entry of [B, C, ...] repeated `factors[i]` times along spatial axis i. @internal */
export const upsample = (x: Tensor, factors: readonly number[]): Tensor =>
  factors.every((f) => f === 1) ? x : apply1(upsampleOp, [x], { factors });
