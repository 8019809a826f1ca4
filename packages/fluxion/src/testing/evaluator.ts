import { compile } from "../compile/compile.js";
import { decode, type DType } from "../core/dtypes.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { placeholder, tensor, type Tensor } from "../core/tensor.js";
import { interpret } from "./interpreter.js";

/** What computes: ONNX Runtime through `compile`, or the interpreter in double (for operators without a double kernel). */
export type Engine = "runtime" | "interpreter";

/** A function of flat arrays of numbers, ready to be called many times. */
export interface Evaluator {
  readonly run: (args: readonly ArrayLike<number>[]) => Promise<Float64Array[]>;
  readonly release: () => Promise<void>;
}

/** `f`, a function of Tensors of these shapes, on plain numbers. */
export function evaluator(
  f: (args: Tensor[]) => Tensor[],
  shapes: readonly Shape[],
  dtype: DType,
  engine: Engine,
): Evaluator {
  if (engine === "interpreter") {
    const params = shapes.map((shape) => placeholder(shape, dtype));
    const results = f(params);
    return {
      async run(args) {
        const feeds = params.map(
          (p, i) => [p, { shape: p.shape, dtype, data: Float64Array.from(args[i]!) }] as const,
        );
        return interpret(results, new Map(feeds), { exact: true }).map((v) => v.data);
      },
      release: async () => undefined,
    };
  }
  const compiled = compile((args: Tensor[]) => f(args), { threads: 1 });
  return {
    async run(args) {
      const inputs = args.map((values, i) => tensor(Array.from(values), { dtype, shape: shapes[i]! }));
      const outputs = await compiled(inputs);
      return Promise.all(outputs.map(async (t) => decode(await t.data(), t.dtype)));
    },
    release: () => compiled.release(),
  };
}

/** Reproducible numbers in [−1, 1) that look like nothing in particular. */
export function genericNumbers(count: number, seed = 1): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    state = (state ^ (state >>> 12)) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

/** Generic numbers as a tensor. */
export const genericTensor = (shape: Shape, seed = 1, dtype: DType = "float64"): Tensor =>
  tensor(Array.from(genericNumbers(sizeOf(shape), seed)), { shape, dtype });
