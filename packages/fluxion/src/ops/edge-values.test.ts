import { describe, expect, it } from "vitest";
import { grad, tensor, vmap, type Tensor } from "../index.js";
import { expectAgreement } from "../testing/agree.js";
import * as ops from "./index.js";

const special = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1e-40,
  -1e-40,
  3e38,
  -3e38,
  88,
  -88,
  710,
  -710,
  0.5,
  -0.5,
  1,
  -1,
  2,
  1.5,
  2.5,
  -2.5,
  1e-8,
];

/** Elementwise functions that take any number. */
const unary = {
  ...{
    neg: ops.neg,
    abs: ops.abs,
    sign: ops.sign,
    floor: ops.floor,
    ceil: ops.ceil,
    round: ops.round,
    trunc: ops.trunc,
  },
  ...{
    exp: ops.exp,
    exp2: ops.exp2,
    log: ops.log,
    sqrt: ops.sqrt,
    rsqrt: ops.rsqrt,
    reciprocal: ops.reciprocal,
  },
  ...{
    tanh: ops.tanh,
    sigmoid: ops.sigmoid,
    square: ops.square,
    isNaN: ops.isNaN,
    isInf: ops.isInf,
    isFinite: ops.isFinite,
  },
  ...{ relu: ops.relu, softplus: ops.softplus, logSigmoid: ops.logSigmoid, atan: ops.atan, erf: ops.erf },
  ...{ elu: ops.elu, relu6: ops.relu6, softsign: ops.softsign },
};
const binary = {
  ...{ add: ops.add, sub: ops.sub, mul: ops.mul, div: ops.div, maximum: ops.maximum, minimum: ops.minimum },
  ...{
    equal: ops.equal,
    less: ops.less,
    lessEqual: ops.lessEqual,
    greater: ops.greater,
    greaterEqual: ops.greaterEqual,
  },
  ...{ notEqual: ops.notEqual },
};

describe("NaN, infinities, signed zeros and numbers near the ends of the range", { timeout: 30_000 }, () => {
  for (const dtype of ["float32", "float64"] as const) {
    const numbers = tensor(special, { dtype });
    for (const [name, f] of Object.entries(unary)) {
      it(`${name}, ${dtype}`, () => expectAgreement(([x]) => [f(x!)], [numbers], { elementwise: true }));
    }
    for (const [name, f] of Object.entries(binary)) {
      it(`${name}, ${dtype}`, () =>
        expectAgreement(([x]) => [f(ops.expandDims(x!, 1), x!)], [numbers], { elementwise: true }));
    }
    it(`NaN runs through reductions and clip, ${dtype}`, async () => {
      const x = tensor(
        [
          [1, NaN, 2],
          [3, 4, 5],
        ],
        { dtype },
      );
      await expectAgreement(
        ([t]) => [
          ops.sum(t!, 1),
          ops.mean(t!, 1),
          ops.prod(t!, 1),
          ops.variance(t!, 1),
          ops.norm(t!, 1),
          ops.cumsum(t!, 1),
          ops.logsumexp(t!, 1),
        ],
        [x],
      );
      expect(await ops.clip(x, 0, 3).toArray()).toEqual([
        [1, NaN, 2],
        [3, 3, 3],
      ]);
      expect(await ops.softmax(x, 1).toArray()).toEqual([[NaN, NaN, NaN], expect.anything()]);
    });
  }
});

describe("tensors without elements", { timeout: 30_000 }, () => {
  const none = tensor([], { shape: [0, 3] });
  const read = (t: Tensor): Promise<unknown> => t.toArray();

  it("move and combine", async () => {
    expect(await read(ops.concat([none, tensor([[1, 2, 3]])]))).toEqual([[1, 2, 3]]);
    expect(ops.transpose(none).shape).toEqual([3, 0]);
    expect(await read(ops.transpose(none))).toEqual([[], [], []]);
    expect(await read(ops.reshape(none, [3, 0, 2]))).toEqual([[], [], []]);
    expect(await read(ops.add(none, 1))).toEqual([]);
    expect(await read(ops.slice(tensor([1, 2, 3]), [2, 2]))).toEqual([]);
    expect(await read(ops.slice(tensor([1, 2, 3]), [0, 2, -1]))).toEqual([]);
    expect(await read(ops.arange(0))).toEqual([]);
    expect(
      await read(
        ops.pad(none, [
          [1, 0],
          [0, 0],
        ]),
      ),
    ).toEqual([[0, 0, 0]]);
    expect(await read(ops.broadcastTo(tensor([[1, 2, 3]]), [0, 3]))).toEqual([]);
  });

  it("sum to zero, multiply to one, are all and not any", async () => {
    expect(await read(ops.sum(none, 0))).toEqual([0, 0, 0]);
    expect(await read(ops.sum(none, 1))).toEqual([]);
    expect(await read(ops.sum(none))).toBe(0);
    expect(await read(ops.prod(none, 0))).toEqual([1, 1, 1]);
    expect(await read(ops.matmul(ops.transpose(none), none))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await read(ops.mean(none))).toBeNaN();
    expect(await read(ops.cumsum(none, 0))).toEqual([]);
    expect(await read(ops.all(none.greater(0), 0))).toEqual([true, true, true]);
    expect(await read(ops.any(none.greater(0), 0))).toEqual([false, false, false]);
  });

  it("have no largest element, and say so", () => {
    expect(() => ops.max(none)).toThrow(/at least one element/);
    expect(() => ops.argmin(none)).toThrow(/at least one element/);
  });

  it("have gradients without elements", async () => {
    const g = grad((x: Tensor) => ops.sum(ops.square(ops.concat([x, tensor([[1, 2, 3]])]))))(none);
    expect(g.shape).toEqual([0, 3]);
    expect(await read(g)).toEqual([]);
    const [a, b] = [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([5, 6]),
    ];
    expect(await read(grad((x: Tensor) => ops.sum(ops.mul(ops.slice(x, [1, 1]), b)))(a))).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(vmap((x: Tensor) => x.square())(none).shape).toEqual([0, 3]);
  });
});
