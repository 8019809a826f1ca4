import { hvp, jvp, vjp } from "../core/autodiff.js";
import { checkOptions } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { constant, type NestedArray, tensor, type Tensor } from "../core/tensor.js";
import { decode } from "../core/dtypes.js";
import { mul, sum } from "../ops/index.js";
import { evaluator, genericNumbers, type Engine } from "./evaluator.js";

/** Options of `checkGradient`. */
export interface GradientCheckOptions {
  /** float64 unless an operator lacks it. */
  dtype?: "float64" | "float32";
  /** What computes: ONNX Runtime (default), or the interpreter in double. */
  engine?: Engine;
  /** Largest allowed error relative to 1 + the largest value compared. Default 1e-6 (float32: 2e-2). */
  tolerance?: number;
  /** Whether to check second derivatives, too. Default true. */
  second?: boolean;
}

type Numbers = readonly Float64Array[];

const dot = (a: Numbers, b: Numbers): number =>
  a.reduce((total, list, i) => total + list.reduce((s, v, k) => s + v * b[i]![k]!, 0), 0);

/**
 * Checks the derivatives of `f` at `args`, where every argument is differentiated:
 * the gradient of ⟨u, f⟩ against central differences; ⟨u, J v⟩ by `jvp` against it; and
 * (`second`) its Hessian-vector product against differences of gradients.
 * @param f function of Tensors giving one Tensor or several
 * @param args points, as nested arrays or Tensors
 * @throws Error naming the argument, the element and both numbers
 */
export async function checkGradient(
  f: (...args: Tensor[]) => Tensor | Tensor[],
  args: readonly (NestedArray | Tensor)[],
  options: GradientCheckOptions = {},
): Promise<void> {
  checkOptions("checkGradient", options, ["dtype", "engine", "tolerance", "second"]);
  const { dtype = "float64", engine = "runtime", second = true } = options;
  const { tolerance = dtype === "float64" ? 1e-6 : 2e-2 } = options;
  const step = dtype === "float64" ? 1e-5 : 1e-2;
  const points = await Promise.all(args.map(toNumbers));
  const shapes = points.map((p) => p.shape);
  const at = points.map((p) => p.data);
  const v = at.map((p, i) => genericNumbers(p.length, 100 + i));
  const loss = (list: Tensor[]): Tensor => weighted(f(...list));

  const value = evaluator((list) => [loss(list)], shapes, dtype, engine);
  const gradient = evaluator((list) => vjp(loss, list)[1](one(dtype))[0], shapes, dtype, engine);
  const direction = v.map((list, i) => constant(list, dtype, shapes[i]));
  const forward = evaluator((list) => [jvp(loss, [list], [direction])[1]], shapes, dtype, engine);
  try {
    const g = await gradient.run(at);
    await againstDifferences(
      g,
      at,
      async (point) => (await value.run(point))[0]![0]!,
      step,
      (where, got, want, scale) => compare(`gradient: ${where}`, got, want, tolerance * scale),
    );
    const pushed = (await forward.run(at))[0]![0]!;
    compare("jvp: ⟨u, J v⟩ against ⟨Jᵀu, v⟩", pushed, dot(g, v), tolerance * (1 + Math.abs(pushed)) * 1e-2);
    if (!second) return;
    const hessian = evaluator((list) => hvp(loss, [list], direction), shapes, dtype, engine);
    const h = await hessian.run(at);
    await hessian.release();
    const along = async (point: Numbers): Promise<number> => dot(await gradient.run(point), v);
    await againstDifferences(h, at, along, step, (where, got, want, scale) =>
      compare(`hvp: ${where}`, got, want, 10 * tolerance * scale),
    );
  } finally {
    await Promise.all([value.release(), gradient.release(), forward.release()]);
  }
}

const one = (dtype: "float64" | "float32"): Tensor => constant(1, dtype);

/** ⟨u, f⟩ with generic weights u, so that no mistake cancels. */
function weighted(out: Tensor | Tensor[]): Tensor {
  const parts = (Array.isArray(out) ? out : [out]).map((t, i) =>
    sum(mul(t, constant(genericNumbers(t.size, 7 + i), t.dtype, t.shape))),
  );
  return parts.reduce((a, b) => a.add(b));
}

async function toNumbers(arg: NestedArray | Tensor): Promise<{ data: Float64Array; shape: Shape }> {
  const t = typeof arg === "object" && "shape" in arg ? arg : tensor(arg, { dtype: "float64" });
  return { data: decode(await t.data(), t.dtype), shape: t.shape };
}

/**
 * Compares what a rule gives with central differences: along one generic direction per argument, which no mistake
 * survives; where that fails, element by element, to say which one.
 */
async function againstDifferences(
  got: Numbers,
  at: Numbers,
  f: (point: Numbers) => Promise<number>,
  step: number,
  check: (where: string, got: number, want: number, scale: number) => void,
): Promise<void> {
  const scale = 1 + Math.max(0, ...got.flatMap((list) => Array.from(list, Math.abs)));
  for (const [i, list] of at.entries()) {
    const along = async (v: Float64Array): Promise<[number, number]> => {
      const moved = (by: number): Numbers =>
        at.with(
          i,
          list.map((x, k) => x + by * v[k]!),
        );
      const want = ((await f(moved(step))) - (await f(moved(-step)))) / (2 * step);
      return [dot([got[i]!], [v]), want];
    };
    try {
      check(`argument ${i} along a direction`, ...(await along(genericNumbers(list.length, 200 + i))), scale);
    } catch (cause) {
      for (let k = 0; k < list.length; k++) {
        const unit = list.map((_, j) => (j === k ? 1 : 0));
        check(`argument ${i}, element ${k}`, ...(await along(unit)), scale);
      }
      throw cause;
    }
  }
}

function compare(what: string, got: number, want: number, tolerance: number): void {
  if (Math.abs(got - want) <= tolerance) return;
  throw new Error(`${what}: the rule gives ${got}, want ${want} within ${tolerance.toExponential(1)}`);
}
