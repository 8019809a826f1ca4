import { describe, expect, it } from "vitest";
import {
  compile,
  logSoftmax,
  random,
  tanh,
  tensor,
  treeLeaves,
  type NestedArray,
  type Tensor,
} from "../../index.js";
import {
  directionalSharpness,
  gaussNewtonBartlett,
  hutchinsonDiagonal,
  hutchinsonTrace,
  lineProfile,
  sharpness,
} from "../index.js";
import reference from "./reference.json" with { type: "json" };

const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });
const params = { first: double(reference.first), second: double(reference.second) };
type Params = typeof params;
const logits = ({ first, second }: Params): Tensor => tanh(double(reference.x).matmul(first)).matmul(second);
const labels = tensor(reference.labels, { dtype: "int32" }).expandDims(-1);
const loss = (p: Params): Tensor => logSoftmax(logits(p)).takeAlongAxis(labels, -1).mean().neg();

const numbers = async (tree: unknown): Promise<number[]> =>
  (await Promise.all(treeLeaves(tree).map(async (t) => [...((await t.data()) as Float64Array)]))).flat();
const closeTo = (got: number, want: number, tolerance = 1e-9): void =>
  expect(Math.abs(got - want)).toBeLessThan(tolerance * Math.max(1, Math.abs(want)));

/** Mean over keys, and its standard error by coordinate. */
async function average(draw: (key: Tensor) => Params, count: number): Promise<[number[], number[]]> {
  const compiled = compile(draw);
  const [sum, squares] = [new Array<number>(24).fill(0), new Array<number>(24).fill(0)];
  for (let i = 0; i < count; i++) {
    (await numbers(await compiled(random.key(i)))).forEach((v, k) => {
      sum[k]! += v / count;
      squares[k]! += v ** 2 / count;
    });
  }
  await compiled.release();
  return [sum, sum.map((m, k) => Math.sqrt((squares[k]! - m ** 2) / count))];
}
function agree([mean, error]: [number[], number[]], want: readonly number[]): void {
  // Five standard errors, coordinate by coordinate, with errors that are small beside the values.
  mean.forEach((m, k) => expect(Math.abs(m - want[k]!)).toBeLessThan(5 * error[k]!));
  expect(Math.hypot(...error) / Math.hypot(...want)).toBeLessThan(0.35);
}

describe("a network with cross-entropy, against PyTorch", () => {
  it("along a direction", async () => {
    const v = { first: double(reference.direction.first), second: double(reference.direction.second) };
    const found = directionalSharpness(loss, params, v);
    for (const key of ["value", "slope", "bestStep", "bestDecrease"] as const)
      closeTo(await found[key].item(), reference[key]);
    const line = await numbers(lineProfile(loss, params, v, { distances: [0, 0.25, -0.5] }));
    line.forEach((value, i) => closeTo(value, reference.line[i]!));
  });

  it("at the largest eigenvalue, and of the negated loss at the smallest", async () => {
    closeTo(await sharpness(loss, params, { iterations: 30 }).value.item(), reference.largest);
    const negated = (p: Params): Tensor => loss(p).neg();
    closeTo(await sharpness(negated, params, { iterations: 30 }).value.item(), -reference.smallest);
  });

  it("on the diagonal and the trace, on average", async () => {
    agree(await average((key) => hutchinsonDiagonal(loss, params, key), 400), reference.diagonal);
    const signs = { distribution: "rademacher", samples: 8 } as const;
    agree(await average((key) => hutchinsonDiagonal(loss, params, key, signs), 60), reference.diagonal);
    const trace = reference.diagonal.reduce((a, b) => a + b);
    const found = hutchinsonTrace(loss, params, random.key(0), { ...signs, samples: 2000 });
    expect(Math.abs((await found.item()) / trace - 1)).toBeLessThan(0.1);
  });

  it("on the Gauss-Newton diagonal, on average", async () => {
    agree(
      await average((key) => gaussNewtonBartlett(logits, params, key), 400),
      reference.gaussNewtonDiagonal,
    );
  });
});
