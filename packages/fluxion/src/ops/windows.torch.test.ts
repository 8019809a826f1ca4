import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import { vjp } from "../core/autodiff.js";
import { decode, type DType } from "../core/dtypes.js";
import { sizeOf } from "../core/shape.js";
import { constant, tensor, type Tensor } from "../core/tensor.js";
import * as ops from "./index.js";
import reference from "./testdata/torch-windows.json" with { type: "json" };

type Case = (typeof reference.cases)[number];
type Options = Record<string, unknown>;

const wave = (shape: readonly number[], seed: number): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i * i + 3.1 * i + seed));

/** The reference's padding is a number or one per axis. */
function ours({ op, options }: Case): (...args: Tensor[]) => Tensor {
  const { kernel, size, mode, ...rest } = options as Options & { padding?: unknown };
  if (Array.isArray(rest.padding)) rest.padding = (rest.padding as number[]).map((p) => [p, p]);
  const window = kernel as number | number[];
  switch (op) {
    case "conv":
      return (x, w) => ops.conv(x, w, rest as ops.ConvOptions);
    case "convTranspose":
      return (x, w) => ops.convTranspose(x, w, rest as ops.ConvTransposeOptions);
    case "maxPool":
      return (x) => ops.maxPool(x, window, rest as ops.PoolOptions);
    case "avgPool":
      return (x) => ops.avgPool(x, window, rest as ops.AvgPoolOptions);
    case "resize":
      return (x) => ops.resize(x, size as number, { ...rest, mode: mode as ops.ResizeMode });
    case "gridSample":
      return (x, grid) => ops.gridSample(x, grid.mul(1.8), { ...rest, mode } as ops.GridSampleOptions);
    case "unfold":
      return (x) => ops.unfold(x, window, rest as ops.WindowOptions);
    default:
      return (x) => ops.fold(x, size as number[], window, rest as ops.WindowOptions);
  }
}

function expectNear(got: ArrayLike<number>, want: readonly number[], tolerance: number, what: string): void {
  const worst = want.reduce((error, w, i) => Math.max(error, Math.abs(got[i]! - w)), 0);
  expect(got.length, what).toBe(want.length);
  expect(worst, what).toBeLessThan(tolerance);
}

const tolerances = { float64: 2e-7, float32: 2e-5 } as const satisfies Partial<Record<DType, number>>;

describe(reference.origin, () => {
  for (const op of new Set(reference.cases.map((c) => c.op))) {
    for (const dtype of ["float32", "float64"] as const) {
      it(`${op}: values and gradients in ${dtype}`, async () => {
        const cases = reference.cases.filter((c) => c.op === op);
        const args = cases.map((c) =>
          c.shapes.map((shape, i) => tensor([...wave(shape, i + 1)], { shape, dtype })),
        );
        // All cases in one program: one session to load.
        const all = compile((inputs: Tensor[][]) =>
          cases.map((c, i) => {
            const [y, pullback] = vjp(ours(c), ...inputs[i]!);
            return [y, ...pullback(constant(wave(y.shape, 9), dtype, y.shape))];
          }),
        );
        const results = await all(args);
        for (const [i, c] of cases.entries()) {
          const what = JSON.stringify(c.options);
          expect(results[i]![0]!.shape, what).toEqual(c.shape);
          const [y, ...grads] = await Promise.all(
            results[i]!.map(async (t) => decode(await t.data(), dtype)),
          );
          expectNear(y!, c.y, tolerances[dtype], what);
          c.grads.forEach((want, k) =>
            expectNear(grads[k]!, want, 10 * tolerances[dtype], `gradient ${k}, ${what}`),
          );
        }
        await all.release();
      });
    }
  }
});
