import { expect } from "vitest";
import { compile } from "../compile/compile.js";
import { decode } from "../core/dtypes.js";
import { placeholder, storageOf, type Tensor } from "../core/tensor.js";
import { interpret } from "./interpreter.js";

/** Largest difference that rounding explains, relative to 1 + the largest value. */
const tolerances = { float64: 1e-11, float32: 2e-5, float16: 5e-3 } as const;

/**
 * Expects that the compiled program of `f` gives what the interpreter gives on the graph as traced: shapes, dtypes and
 * values, NaN only for NaN.
 * @param args Tensors that have values
 * @param options `elementwise`: errors are taken relative to each element instead of the largest
 */
export async function expectAgreement(
  f: (args: Tensor[]) => Tensor[],
  args: readonly Tensor[],
  options: { elementwise?: boolean } = {},
): Promise<void> {
  const params = args.map((t) => placeholder(t.shape, t.dtype));
  const feeds = new Map(
    params.map((p, i) => [
      p,
      { shape: p.shape, dtype: p.dtype, data: decode(storageOf(args[i]!)!.host!, p.dtype) },
    ]),
  );
  const want = interpret(f(params), feeds);
  const compiled = compile((list: Tensor[]) => f(list), { threads: 1 });
  const got = await compiled([...args]);
  for (const [i, t] of got.entries()) {
    expect({ shape: t.shape, dtype: t.dtype }).toEqual({ shape: want[i]!.shape, dtype: want[i]!.dtype });
    const data = decode(await t.data(), t.dtype);
    const tolerance = t.dtype in tolerances ? tolerances[t.dtype as keyof typeof tolerances] : 0;
    const finite = Array.from(want[i]!.data).filter(Number.isFinite);
    const scale = 1 + Math.max(0, ...finite.map(Math.abs));
    data.forEach((v, k) => {
      const w = want[i]!.data[k]!;
      const near =
        Object.is(v, w) ||
        v === w ||
        Math.abs(v - w) <= tolerance * (options.elementwise ? Math.abs(w) + 1e-27 : scale);
      if (!near) expect.fail(`${t.dtype} output ${i}, element ${k}: compiled ${v}, interpreted ${w}`);
    });
  }
  await compiled.release();
}
