import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import { valueAndGrad } from "../core/autodiff.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { normalFrom, seededUniform } from "../data/seeded.js";
import { add, mul, square, sub } from "../ops/arithmetic.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import { lbfgs, type SmoothFunction } from "./lbfgs.js";
import { lbfgsTree } from "./lbfgs-tree.js";

/** Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², minimum 0 at ones. */
const rosenbrock: SmoothFunction = (x) => {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [bend, left] = [x[i + 1]! - x[i]! ** 2, 1 - x[i]!];
    value += 100 * bend ** 2 + left ** 2;
    gradient[i]! += -400 * bend * x[i]! - 2 * left;
    gradient[i + 1]! += 200 * bend;
  }
  return { value, gradient };
};

/** ½ Σ cᵢ·(xᵢ − i)², c from 1 to `condition`. */
const bowl =
  (condition: number): SmoothFunction =>
  (x) => {
    const c = (i: number): number => condition ** (i / (x.length - 1));
    return {
      value: x.reduce((sum, v, i) => sum + 0.5 * c(i) * (v - i) ** 2, 0),
      gradient: x.map((v, i) => c(i) * (v - i)),
    };
  };

const start = (n: number, seed = 0): Float64Array => {
  const normal = normalFrom(seededUniform(seed));
  return Float64Array.from({ length: n }, normal);
};

describe("lbfgs", () => {
  it.each([2, 10, 100])("finds Rosenbrock's minimum in %d dimensions", async (n) => {
    const from = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1));
    const values = [(await rosenbrock(from)).value];
    const { status, x, value, residuals, iterations, evaluations } = await lbfgs(rosenbrock, from, {
      tolerance: 1e-9,
      onIteration: (at) => values.push(at.value),
    });
    expect(status).toBe("converged");
    expect(Math.max(...x.map((v) => Math.abs(v - 1)))).toBeLessThan(1e-8);
    expect(value).toBe(values.at(-1));
    values.slice(1).forEach((v, i) => expect(v).toBeLessThan(values[i]!));
    expect(residuals.length).toBe(iterations + 1);
    expect(evaluations).toBeLessThan(1.6 * iterations + 20);
  });

  it("solves ill-conditioned quadratics, also with one pair, and again in the same way", async () => {
    const from = start(40);
    for (const memory of [1, 5, 60]) {
      const options = { memory, tolerance: 1e-8, maxIterations: 3000 };
      const outcome = await lbfgs(bowl(1e4), from, options);
      expect(outcome.status).toBe("converged");
      outcome.x.forEach((v, i) => expect(Math.abs(v - i)).toBeLessThan(1e-7));
      expect(await lbfgs(bowl(1e4), from, options)).toEqual(outcome);
    }
    expect(from).toEqual(start(40));
  });

  it("agrees with an independent solver on a logistic regression", async () => {
    // scipy 1.17.1's BFGS, polished by Newton's method in NumPy.
    const want = [1.0245534027293741, -0.4294577473786975, -0.011909213598997676, -0.040511339331165214];
    const [n, d, l2] = [60, 4, 0.05];
    const x = Float64Array.from({ length: n * d }, (_, k) => {
      const [i, j] = [Math.floor(k / d), k % d];
      return Math.sin(1 + 0.7 * i * (j + 1) + j);
    });
    const y = Array.from({ length: n }, (_, i) => (Math.sin(0.3 * i ** 2) + x[i * d]! > 0 ? 1 : -1));
    const outcome = await lbfgs(
      (w) => {
        const gradient = w.map((v) => l2 * v);
        let value = w.reduce((sum, v) => sum + (l2 / 2) * v ** 2, 0);
        for (let i = 0; i < n; i++) {
          const row = x.subarray(i * d, (i + 1) * d);
          const z = -y[i]! * row.reduce((sum, v, j) => sum + v * w[j]!, 0);
          value += Math.log1p(Math.exp(z)) / n;
          row.forEach((v, j) => (gradient[j]! -= (y[i]! * v) / (1 + Math.exp(-z)) / n));
        }
        return { value, gradient };
      },
      new Float64Array(d),
      { tolerance: 1e-10 },
    );
    expect(outcome.value).toBeCloseTo(0.5919696932781113, 12);
    want.forEach((v, j) => expect(outcome.x[j]).toBeCloseTo(v, 9));
  });

  it("every step satisfies the strong Wolfe conditions", async () => {
    const [decrease, curvature] = [1e-3, 0.1];
    let seen: { x: Float64Array; value: number; gradient: Float64Array }[] = [];
    const f: SmoothFunction = async (x) => {
      const at = await rosenbrock(x);
      seen.push({ x: x.slice(), ...at });
      return at;
    };
    let before: (typeof seen)[number] | undefined;
    await lbfgs(f, start(6, 3), {
      ...{ decrease, curvature, tolerance: 1e-5 },
      onIteration() {
        before ??= seen[0]!;
        const now = seen.at(-1)!;
        const along = (g: Float64Array): number =>
          g.reduce((sum, v, i) => sum + v * (now.x[i]! - before!.x[i]!), 0);
        expect(now.value).toBeLessThanOrEqual(before.value + decrease * along(before.gradient));
        expect(Math.abs(along(now.gradient))).toBeLessThanOrEqual(-curvature * along(before.gradient));
        [before, seen] = [now, [now]];
      },
    });
  });

  it("stays where the function is defined", async () => {
    // x − ln x, of which the logarithm is NaN for negative x.
    const barrier: SmoothFunction = (x) => ({
      value: x.reduce((sum, v) => sum + v - Math.log(v), 0),
      gradient: x.map((v) => 1 - 1 / v),
    });
    const { status, x } = await lbfgs(barrier, Float64Array.of(20, 0.001, 1000), { tolerance: 1e-10 });
    expect(status).toBe("converged");
    x.forEach((v) => expect(v).toBeCloseTo(1, 9));
  });

  it("goes on to where rounding hides the descent", async () => {
    // The constant swallows all digits of the value below 1e-4; the slopes still know.
    const lifted: SmoothFunction = async (x) => {
      const { value, gradient } = await bowl(10)(x);
      return { value: 1e8 + value, gradient };
    };
    const { status, x } = await lbfgs(lifted, start(5), { tolerance: 1e-7 });
    expect(status).toBe("converged");
    x.forEach((v, i) => expect(v).toBeCloseTo(i, 6));
  });

  it("says how it ended", async () => {
    const statusOf = async (f: SmoothFunction, from = start(3), options = {}) =>
      (await lbfgs(f, from, { maxIterations: 200, ...options })).status;
    const line: SmoothFunction = (x) => ({ value: -x[0]!, gradient: Float64Array.of(-1, 0, 0) });
    const wrong: SmoothFunction = async (x) => {
      const { value, gradient } = await rosenbrock(x);
      return { value, gradient: gradient.map((v) => -v) };
    };
    const nan: SmoothFunction = (x) => ({ value: NaN, gradient: x });
    expect(await statusOf(line)).toBe("unbounded");
    expect(await statusOf(wrong)).toBe("stalled");
    expect(await statusOf(nan)).toBe("non-finite");
    expect(await statusOf((x) => ({ value: 1, gradient: x.map(() => Infinity) }))).toBe("non-finite");
    expect(await statusOf(rosenbrock, Float64Array.of(NaN, 1, 1))).toBe("non-finite");
    expect(await statusOf(rosenbrock, Float64Array.of(1, 1, 1))).toBe("converged");
    expect(await statusOf(rosenbrock, start(3), { maxIterations: 2 })).toBe("max-iterations");
    expect(await statusOf(rosenbrock, start(3), { signal: AbortSignal.abort() })).toBe("aborted");
    const loose = await lbfgs(rosenbrock, start(3), { valueTolerance: 1e-2 });
    expect(loose.status).toBe("converged");
    expect(loose.reason).toMatch(/lowered f by at most 0.01/);
    // |x| has no gradient at its minimum: it ends near it, and does not hang.
    const kink = await lbfgs(
      (x) => ({ value: Math.abs(x[0]!), gradient: Float64Array.of(Math.sign(x[0]!)) }),
      Float64Array.of(0.7),
      { tolerance: 0 },
    );
    expect(kink.value).toBeLessThan(1e-3);
  });

  it("refuses what makes no sense", async () => {
    await expect(lbfgs(rosenbrock, start(2), { memory: 0 })).rejects.toThrow(/memory/);
    await expect(lbfgs(rosenbrock, start(2), { curvature: 1e-5 })).rejects.toThrow(/curvature/);
    await expect(lbfgs(rosenbrock, start(2), { tolerance: NaN })).rejects.toThrow(/tolerance/);
    await expect(lbfgs(rosenbrock, start(2), { steps: 3 } as never)).rejects.toThrow(/option "steps"/);
    await expect(lbfgs(rosenbrock, new Float64Array(0))).rejects.toThrow(/one number or more/);
    await expect(lbfgs(() => ({ value: 1, gradient: start(3) }), start(2))).rejects.toThrow(/gradient \[2\]/);
  });
});

describe("lbfgsTree", () => {
  type Line = { weight: Tensor; bias: Tensor };
  const loss = ({ weight, bias }: Line, x: Tensor, y: Tensor): Tensor =>
    sum(square(sub(add(matmul(x, weight), bias), y)));

  it.each(["float64", "float32"] as const)("fits a line in %s", async (dtype) => {
    const inputs = tensor([[0], [1], [2], [3]], { dtype });
    const targets = tensor([[1], [3], [5], [7]], { dtype });
    const program = compile(valueAndGrad(loss));
    const from = { weight: tensor([[0]], { dtype }), bias: tensor([0], { dtype }) };
    const tolerance = dtype === "float64" ? 1e-9 : 1e-4;
    const outcome = await lbfgsTree((p: Line) => program(p, inputs, targets), from, { tolerance });
    await program.release();
    expect(outcome.status).toBe("converged");
    expect(outcome.x.weight.dtype).toBe(dtype);
    expect(outcome.x.weight.shape).toEqual([1, 1]);
    expect(await outcome.x.weight.item()).toBeCloseTo(2, dtype === "float64" ? 8 : 3);
    expect(await outcome.x.bias.item()).toBeCloseTo(1, dtype === "float64" ? 8 : 3);
  });

  it("names the leaf that does not fit", async () => {
    const whole = { a: tensor([1], { dtype: "int32" }) };
    await expect(lbfgsTree(async (p: typeof whole) => [p.a, p], whole)).rejects.toThrow(/at a: want float32/);
    const from = { a: tensor([1]) };
    const other = async (p: typeof from) => [sum(mul(p.a, p.a)), { a: tensor([1, 2]) }] as const;
    await expect(lbfgsTree(other, from)).rejects.toThrow(/lbfgsTree\.a: want float32 \[1\]/);
  });
});
