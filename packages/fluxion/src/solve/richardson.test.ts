import { expect, it } from "vitest";
import { incompleteCholesky } from "./incomplete-cholesky.js";
import { richardson } from "./richardson.js";
import { sparseFromDense, sparseOperator } from "./sparse.js";

const dense = { data: Float64Array.of(1, 0.2, 0, 0.2, 0.9, 0.1, 0, 0.1, 1.1), shape: [3, 3] };
const matrix = sparseFromDense(dense);
const a = sparseOperator(matrix);
const x = Float64Array.of(1, -2, 0.5);
const b = a.apply(x);

it("makes its first steps as written down by hand", () => {
  const { x: first } = richardson(a, b, { maxIterations: 1 });
  expect(first).toEqual(b);
  const { x: second, residuals } = richardson(a, b, { maxIterations: 2 });
  const ab = a.apply(b);
  for (const [i, v] of second.entries()) expect(v).toBeCloseTo(2 * b[i]! - ab[i]!, 14);
  expect(residuals).toHaveLength(3);
  expect(residuals[0]).toBe(1);
});

it("converges, faster with a preconditioner, and from a start near the end", () => {
  const plain = richardson(a, b, { tolerance: 1e-12 });
  const helped = richardson(a, b, { tolerance: 1e-12, preconditioner: incompleteCholesky(matrix)! });
  for (const { status, x: found } of [plain, helped]) {
    expect(status).toBe("converged");
    for (const [i, v] of found.entries()) expect(v).toBeCloseTo(x[i]!, 10);
  }
  expect(helped.iterations).toBeLessThan(plain.iterations);
  expect(richardson(a, b, { start: x }).iterations).toBe(0);
  expect(richardson(a, new Float64Array(3), { start: x })).toMatchObject({
    status: "converged",
    x: new Float64Array(3),
  });
});

it("says why it stopped otherwise, and refuses what does not fit", () => {
  const twice = { size: 3, apply: (v: Float64Array) => v.map((e) => 2 * e) };
  expect(richardson(twice, b).status).toBe("stalled");
  expect(richardson(a, b, { maxIterations: 3, tolerance: 0 }).status).toBe("max-iterations");
  expect(richardson(a, Float64Array.of(1, NaN, 0)).status).toBe("non-finite");
  expect(richardson(a, b, { signal: AbortSignal.abort() })).toMatchObject({
    status: "aborted",
    iterations: 0,
  });
  expect(() => richardson(a, new Float64Array(2))).toThrow(/\[3\]/);
  expect(() => richardson(a, b, { tolerance: -1 })).toThrow(/tolerance/);
  expect(() => richardson(a, b, { omega: 1 } as never)).toThrow(/option "omega"/);
});
