import { describe, expect, it } from "vitest";
import {
  conv as convolve,
  evaluate,
  grad,
  OptionError,
  random,
  ShapeError,
  tensor,
  type NestedArray,
  type Tensor,
} from "../index.js";
import { applyUpdates, chain, momentum, sgd, tract, tractConv, tractGradient, tractLinear } from "./index.js";

const float64 = { dtype: "float64" } as const;
const double = (values: NestedArray): Tensor => tensor(values, float64);
const normal = (key: number, shape: readonly number[]): Tensor =>
  random.normal(random.key(key), shape, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => [...((await t.data()) as Float64Array)];
async function close(got: Tensor, want: Tensor, tolerance = 1e-12): Promise<void> {
  expect(got.shape).toEqual(want.shape);
  const [a, b] = [await numbers(got), await numbers(want)];
  a.forEach((x, i) => expect(Math.abs(x - b[i]!)).toBeLessThan(tolerance));
}

// Weights here are [n, m]; the reference has [m, n].
const x = double([
  [1, 2],
  [3, 0],
  [-1, 1],
]);
const y = double([
  [1, 0],
  [0, 1],
  [1, 1],
]);
type Params = { weight: Tensor; bias: Tensor };
const start: Params = {
  weight: double([
    [0.5, 1],
    [-0.25, 0.75],
  ]),
  bias: double([0.1, -0.2]),
};
const usual = ({ weight, bias }: Params, input: Tensor): Tensor => input.matmul(weight).add(bias);
const lossWith =
  (layer: (p: Params, input: Tensor) => Tensor) =>
  (p: Params, input = x): Tensor =>
    layer(p, input).sub(y).square().mean();

/** Figures of the authors' `src/tract.py`, in double. */
describe("TrAct", () => {
  it("gives the reference gradient of a linear layer, and the usual one of its bias", async () => {
    const g = grad(lossWith(tractLinear))(start);
    await close(
      g.weight,
      double([
        [0.5580743759551707, 0.7699949057564953],
        [-0.7562404482934283, 0.4490575649516045],
      ]),
    );
    await close(g.bias, double([-0.31666666666666665, 0.8833333333333333]));
    const vanilla = grad(lossWith(usual))(start);
    await close(
      vanilla.weight,
      double([
        [1.85, 3.05],
        [-1.15, 1.05],
      ]),
    );
  });

  it("gives it in the primal and in the dual form, with fewer rows than features", async () => {
    const rows = double([
      [1, 2, -1],
      [0, 1, 3],
    ]);
    const gz = double([[-1], [-2]]);
    const want = double([[-0.392030848329049], [-1.214652956298201], [-0.899742930591259]]);
    for (const method of ["auto", "primal", "dual"] as const)
      await close(tractGradient(rows, gz, { method }), want);
    // λ → 0 with rows of full rank: the pre-activations follow their own gradient.
    await close(rows.matmul(tractGradient(rows, gz, { lambda: 1e-10 })), double([[-2], [-4]]), 1e-5);
  });

  it("gives the reference gradient of a convolution", async () => {
    const image = double([
      [
        [
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ],
      ],
    ]);
    const weight = double([
      [
        [
          [1, 0],
          [0, -1],
        ],
      ],
    ]);
    const loss =
      (layer: (w: Tensor) => Tensor) =>
      (w: Tensor): Tensor =>
        layer(w).sub(1).square().mul(0.5).mean();
    const options = { padding: "valid" } as const;
    const got = grad(loss((w) => tractConv({ weight: w }, image, options)))(weight);
    const want = [0.8793857691277509, 0.4285331666815431, -0.473172038210862, -0.9240246406570805];
    await close(got.reshape([4]), double(want));
    const vanilla = grad(loss((w) => convolve(image, w, options)))(weight);
    await close(vanilla.reshape([4]), double([-15, -20, -30, -35]));
  });

  it("leaves the value, and the gradients of bias and input, as they are", async () => {
    await close(tractLinear(start, x), usual(start, x), 1e-15);
    await close(
      grad((input: Tensor) => lossWith(tractLinear)(start, input))(x),
      grad((input: Tensor) => lossWith(usual)(start, input))(x),
    );
    const [images, weight, bias] = [normal(0, [2, 3, 7, 6]), normal(1, [4, 3, 3, 3]), normal(2, [4])];
    const options = { stride: 2, padding: 1 };
    const plain = (p: Params, input: Tensor): Tensor =>
      convolve(input, p.weight, { ...options, bias: p.bias });
    const ours = (p: Params, input: Tensor): Tensor => tractConv(p, input, options);
    await close(ours({ weight, bias }, images), plain({ weight, bias }, images), 1e-13);
    const by = (layer: typeof plain) => ({
      bias: grad((b: Tensor) => layer({ weight, bias: b }, images).square().sum())(bias),
      input: grad((t: Tensor) => layer({ weight, bias }, t).square().sum())(images),
    });
    await close(by(ours).bias, by(plain).bias, 1e-11);
    await close(by(ours).input, by(plain).input, 1e-11);
  });

  it("tends to the usual gradient over λ for large λ", async () => {
    const [rows, gz] = [normal(3, [8, 5]), normal(4, [8, 2])];
    await close(tractGradient(rows, gz, { lambda: 1e9 }).mul(1e9), rows.transpose().matmul(gz), 1e-6);
  });

  it("hardly looks at the contrast of an example", async () => {
    for (const [scale, want] of [
      [1, 0.9960159362549792],
      [10, 0.9999600015991872],
    ] as const) {
      const row = double([[3 * scale, 4 * scale]]);
      await close(row.matmul(tractGradient(row, double([[1]]))), double([[want]]));
    }
  });

  it("is a common factor where rows are one-hot and equally frequent", async () => {
    const n = 4;
    const rows = double(
      Array.from({ length: 3 * n }, (_, i) => Array.from({ length: n }, (_, k) => +(k === i % n))),
    );
    const gz = normal(5, [3 * n, 2]);
    await close(
      tractGradient(rows, gz),
      rows
        .transpose()
        .matmul(gz)
        .div(1 / n + 0.1),
    );
  });

  it("follows the reference over three steps of descent", async () => {
    const want = [
      [0.4441925624044829, 0.9230005094243505, -0.1743759551706572, 0.7050942435048395],
      [0.393083000442816, 0.8554509127813437, -0.107512128131686, 0.6690947008535475],
      [0.3463314486282427, 0.7959666650629731, -0.04831518208392195, 0.6400540685141773],
    ];
    const bias = [0.1804760847845093, -0.4058664224604496];
    const after = chain(
      tract({ weight: "weight", input: (batch: Tensor) => batch }),
      sgd({ learningRate: 0.1 }),
    );
    // As a layer, and as a transform of the usual gradient.
    for (const step of [
      (p: Params) => ({ grads: grad(lossWith(tractLinear))(p), optimizer: sgd({ learningRate: 0.1 }) }),
      (p: Params) => ({ grads: grad(lossWith(usual))(p), optimizer: after }),
    ]) {
      let p = start;
      for (const row of want) {
        const { grads, optimizer } = step(p);
        p = await evaluate(
          applyUpdates(p, optimizer.update(grads, optimizer.init(p), p, { batch: x }).updates),
        );
        await close(p.weight.reshape([4]), double(row));
      }
      await close(p.bias, double(bias));
    }
  });

  it("is the same as a transform: convolutions, and more features than rows", async () => {
    const [images, weight] = [normal(6, [3, 2, 6, 6]), normal(7, [4, 2, 3, 3])];
    const options = { stride: 2, padding: "same" } as const;
    const f = (layer: (w: Tensor) => Tensor) => (w: Tensor) => layer(w).square().mean();
    const plain = grad(f((w) => convolve(images, w, options)))(weight);
    const wanted = grad(f((w) => tractConv({ weight: w }, images, { ...options, lambda: 0.2 })))(weight);
    const transform = tract({ weight: "w", input: (b: Tensor) => b, conv: options, lambda: 0.2 });
    const { updates } = transform.update({ w: plain }, {}, undefined, { batch: images });
    await close(updates.w, wanted, 1e-11);
    const [rows, gz] = [normal(8, [3, 7]), normal(9, [3, 2])];
    const wide = tract({ weight: "", input: (b: Tensor) => b });
    const got = wide.update(rows.transpose().matmul(gz), {}, undefined, { batch: rows }).updates;
    await close(got, tractGradient(rows, gz), 1e-11);
  });

  it("counts every leading axis as rows", async () => {
    const [tokens, weight] = [normal(10, [2, 5, 3]), normal(11, [3, 4])];
    const g = grad((w: Tensor) => tractLinear({ weight: w }, tokens).square().mean())(weight);
    const flat = grad((w: Tensor) =>
      tractLinear({ weight: w }, tokens.reshape([10, 3]))
        .square()
        .mean(),
    )(weight);
    await close(g, flat);
  });

  it("refuses what it cannot take", () => {
    expect(() => tractGradient(x, y, { lambda: 0 })).toThrow(OptionError);
    expect(() => tractGradient(x, y, { method: "both" as never })).toThrow(OptionError);
    expect(() => tractGradient(x, double([[1]]))).toThrow(ShapeError);
    expect(() => tractConv({ weight: x }, x, { groups: 2 } as never)).toThrow(OptionError);
    const transform = chain(tract({ weight: "first", input: (b: Tensor) => b }), momentum());
    const params = { weight: x };
    expect(() => transform.update(params, transform.init(params), params)).toThrow(/extra\.batch/);
    expect(() => transform.update(params, transform.init(params), params, { batch: x })).toThrow(/"first"/);
  });
});
