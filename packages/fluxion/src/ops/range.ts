import type { Op } from "../core/node.js";

/** int32 values 0 … length−1. */
export const rangeOp: Op<{ length: number }> = {
  name: "Range",
  infer: (_, { length }) => [{ shape: [length], dtype: "int32" }],
  grad: "none",
  emit(scope, { attrs: { length } }) {
    if (length <= 4096)
      return [
        scope.literal(
          Int32Array.from({ length }, (_, i) => i),
          "int32",
          [length],
        ),
      ];
    const scalar = (v: number): string => scope.literal(Int32Array.of(v), "int32", []);
    return scope.node("Range", [scalar(0), scalar(length), scalar(1)]);
  },
};
