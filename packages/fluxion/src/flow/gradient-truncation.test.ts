import { describe, expect, it } from "vitest";
import { grad, random, tensor, vmap, type Tensor } from "../index.js";
import { ancestral } from "./ancestral.js";
import { truncateGradient, truncationMask, type Truncation } from "./gradient-truncation.js";
import { sampleOde, type Velocity } from "./sample.js";
import { euler, heun, type Solver } from "./solver.js";

const f64 = (values: number | number[]): Tensor => tensor(values, { dtype: "float64" });
const key = random.key(0);

/** How often each step keeps its gradient, and each number of kept steps, of `n` draws. */
async function drawn(steps: number, truncation: Truncation, n = 4000) {
  const masks = vmap((k: Tensor) => truncationMask(k, steps, truncation).cast("int32"))(random.split(key, n));
  const rows = (await masks.toArray()) as number[][];
  const counts = Array.from({ length: steps + 1 }, () => 0);
  for (const row of rows) counts[row.reduce((a, b) => a + b, 0)]!++;
  return { rows, counts, kept: rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / n) };
}
const isTail = (row: readonly number[]): boolean => row.every((v, i) => i === 0 || v >= row[i - 1]!);

describe("truncationMask", () => {
  it("random keeps the last K steps, K uniform on 1 … T", async () => {
    const { rows, counts } = await drawn(8, { mode: "random" });
    expect(rows.every(isTail)).toBe(true);
    expect(counts[0]).toBe(0);
    counts.slice(1).forEach((c) => expect(Math.abs(c - 500)).toBeLessThan(120));
  });

  it("gaussian keeps those from ⌊N(42, 5)⌋ in 1 … 49 on, of 50", async () => {
    const { rows, counts } = await drawn(50, { mode: "gaussian" });
    expect(rows.every(isTail)).toBe(true);
    expect(counts[0]! + counts[50]!).toBe(0);
    // P(b ≥ 42 | b < 50) and P(37 ≤ b < 47 | b < 50) of a normal distribution.
    const part = (from: number, to: number): number =>
      counts.slice(from, to + 1).reduce((a, b) => a + b) / 4000;
    expect(Math.abs(part(1, 8) - 0.471)).toBeLessThan(0.03);
    expect(Math.abs(part(4, 13) - 0.722)).toBeLessThan(0.03);
  });

  it("perStep keeps step i with probability (i + 1)/(T + 1), whatever the others do", async () => {
    const { rows, kept } = await drawn(5, { mode: "perStep" });
    kept.forEach((p, i) => expect(Math.abs(p - (i + 1) / 6)).toBeLessThan(0.03));
    expect(rows.some((row) => !isTail(row))).toBe(true);
  });

  it("full and fixed are as they say, and others are refused", async () => {
    expect(await truncationMask(key, 3, { mode: "full" }).toArray()).toEqual([true, true, true]);
    expect(await truncationMask(key, 3, { mode: "fixed", last: 1 }).toArray()).toEqual([false, false, true]);
    expect(() => truncationMask(key, 3, { mode: "fixed", last: 4 })).toThrow(/last/);
    expect(() => truncationMask(key, 0, { mode: "full" })).toThrow(/steps/);
    expect(() => truncationMask(key, 1, { mode: "gaussian" })).toThrow(/2 steps/);
    expect(() => truncationMask(key, 5, { mode: "gaussian", std: 0 })).toThrow(/std/);
  });
});

describe("truncateGradient", () => {
  it("of K steps of a linear flow leaves exactly K/N of the gradient −h·N·x0·(1 − hθ)^(N−1)", async () => {
    const [n, theta, x0] = [20, 0.7, 1.3];
    const slope = (last: number): Promise<number> => {
      const hooks = [truncateGradient(truncationMask(key, n, { mode: "fixed", last }))];
      const end = (p: Tensor): Tensor =>
        sampleOde((x) => x.mul(p).neg(), f64([x0]), { steps: n, hooks }).sum();
      return grad(end)(f64(theta)).item();
    };
    const whole = -x0 * (1 - theta / n) ** (n - 1);
    expect(await slope(20)).toBeCloseTo(whole, 12);
    expect(await slope(5)).toBeCloseTo(0.25 * whole, 12);
    expect(await slope(1)).toBeCloseTo(whole / n, 12);
  });

  it("gives the gradient of the loop written out, with and without redrawn noise", async () => {
    const [n, x0] = [6, random.normal(key, [3, 2])];
    const field =
      (p: Tensor): Velocity =>
      (x, t) =>
        x.matmul(p).tanh().sub(x.mul(t));
    const weights = random.normal(random.key(1), [2, 2]);
    /** The same steps without a loop; velocities before the last K as plain numbers. */
    const writtenOut =
      (solver: Solver, last: number) =>
      (p: Tensor): Tensor => {
        let x = x0;
        let memory = solver.begin?.(x, tensor(0)).next().value as Tensor | undefined;
        for (let i = 0; i < n; i++) {
          const run = solver.step(x, tensor(i / n), tensor(1 / n), x0, memory);
          let next = run.next();
          while (!next.done) {
            const v = field(i < n - last ? weights : p)(next.value.x, next.value.t);
            next = run.next(v);
          }
          const end = next.value;
          [x, memory] = "memory" in end ? [end.x, end.memory] : [end, memory];
        }
        return x.square().sum();
      };
    for (const solver of [euler, heun, ancestral({ key: random.key(3) })]) {
      for (const last of [1, 4, n]) {
        const hooks = [truncateGradient(truncationMask(key, n, { mode: "fixed", last }))];
        const looped = (p: Tensor): Tensor =>
          sampleOde(field(p), x0, { steps: n, solver, hooks }).square().sum();
        const [a, b] = [
          await grad(looped)(weights).data(),
          await grad(writtenOut(solver, last))(weights).data(),
        ];
        const size = Math.hypot(...Array.from(b, Number));
        Array.from(a, Number).forEach((v, i) => expect(Math.abs(v - Number(b[i]))).toBeLessThan(2e-5 * size));
      }
    }
  });

  it("changes no value", async () => {
    const velocity: Velocity = (x, t) => x.sin().add(t);
    const x0 = f64([0.2, 1]);
    const hooks = [truncateGradient(truncationMask(key, 4, { mode: "random" }))];
    expect(await sampleOde(velocity, x0, { steps: 4, hooks }).toArray()).toEqual(
      await sampleOde(velocity, x0, { steps: 4 }).toArray(),
    );
  });
});
