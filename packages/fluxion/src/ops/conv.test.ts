import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import { simplify } from "../compile/simplify.js";
import { grad, vjp } from "../core/autodiff.js";
import { OptionError, ShapeError, DtypeError } from "../core/errors.js";
import { collect } from "../core/node.js";
import { tensor, type Tensor } from "../index.js";
import { vmap } from "../core/vmap.js";
import { expectAgreement } from "../testing/agree.js";
import { genericTensor } from "../testing/evaluator.js";
import { conv, convTranspose, type ConvOptions } from "./conv.js";
import { ones, zeros } from "./create.js";

const any = (shape: number[], seed = 1): Tensor => genericTensor(shape, seed, "float32");

/** Cotangents of both operands of a convolution, for a cotangent that is not constant. */
const gradients =
  (options: ConvOptions) =>
  ([x, w]: Tensor[]): Tensor[] => {
    const [y, pullback] = vjp((a: Tensor, b: Tensor) => conv(a, b, options), x!, w!);
    return pullback(y.square());
  };

const operators = (f: (args: Tensor[]) => Tensor[], args: Tensor[]): Set<string> =>
  new Set(collect(simplify(f(args), args), new Set(args)).map((n) => n.op.name));

describe("every form that compiling chooses gives what the definition gives", () => {
  const cases: [string, number[], number[], ConvOptions][] = [
    ["gradient by x as a convolution", [2, 3, 9, 8], [4, 3, 3, 3], { padding: "same" }],
    [
      "the same with groups and dilation",
      [2, 4, 10, 9],
      [6, 2, 3, 2],
      { groups: 2, dilation: 2, padding: 2 },
    ],
    ["the same in one dimension", [1, 2, 70], [2, 2, 5], { padding: [[0, 3]] }],
    ["the same in three dimensions", [1, 2, 5, 4, 5], [2, 2, 2, 3, 2], { padding: 1 }],
    ["more padding than the kernel reaches", [1, 2, 8, 8], [2, 2, 2, 2], { padding: 3 }],
    ["a strided gradient", [2, 3, 9, 9], [4, 3, 3, 3], { stride: 2, padding: 1 }],
    ["rows and columns never seen", [1, 2, 12, 11], [2, 2, 2, 2], { stride: 3 }],
    ["weight gradient by kernel entries", [2, 9, 6, 6], [3, 9, 3, 3], {}],
    [
      "weight gradient by one long product",
      [3, 9, 4, 4],
      [8, 9, 3, 3],
      {
        padding: [
          [1, 0],
          [0, 0],
        ],
      },
    ],
    ["depthwise", [2, 8, 9, 9], [8, 1, 3, 3], { groups: 8, padding: 1 }],
    ["1x1", [2, 9, 8, 8], [10, 9, 1, 1], {}],
  ];
  for (const [name, x, w, options] of cases) {
    it(name, async () => {
      await expectAgreement(gradients(options), [any(x), any(w, 2)]);
      await expectAgreement(([a, b]) => [conv(a!, b!, options)], [any(x), any(w, 2)]);
    });
  }

  it("stride 1 needs no ConvTranspose, stride 2 and few channels do", () => {
    const ops = (x: number[], w: number[], options: ConvOptions): Set<string> =>
      operators(gradients(options), [any(x), any(w)]);
    expect(ops([1, 4, 8, 8], [4, 4, 3, 3], { padding: 1 })).not.toContain("ConvTranspose");
    expect(ops([1, 4, 8, 8], [4, 4, 3, 3], { padding: 1, stride: 2 })).toContain("ConvTranspose");
    expect(ops([1, 1, 8, 8], [8, 1, 3, 3], { padding: 1 })).toContain("ConvTranspose");
  });
});

it("convolves as on paper", async () => {
  const x = tensor([[[1, 2, 3, 4]]]);
  const w = tensor([[[1, 10, 100]]]);
  expect(await conv(x, w).toArray()).toEqual([[[321, 432]]]);
  expect(await conv(x, w, { padding: "same" }).toArray()).toEqual([[[210, 321, 432, 43]]]);
  expect(await conv(x, w, { padding: "same", stride: 3 }).toArray()).toEqual([[[210, 43]]]);
  expect(await conv(x, w, { padding: [[0, 2]], stride: 2, bias: tensor([0.5]) }).toArray()).toEqual([
    [[321.5, 43.5]],
  ]);
  expect(await convTranspose(tensor([[[1, 2]]]), w, { stride: 2 }).toArray()).toEqual([
    [[1, 10, 102, 20, 200]],
  ]);
});

it('"same" keeps ⌈n / stride⌉, transposed n · stride', () => {
  for (const n of [5, 6, 7])
    for (const k of [1, 2, 3, 4])
      for (const stride of [1, 2, 3]) {
        const x = zeros([1, 2, n]);
        expect(conv(x, zeros([3, 2, k]), { padding: "same", stride }).shape).toEqual([
          1,
          3,
          Math.ceil(n / stride),
        ]);
        expect(convTranspose(x, zeros([2, 3, k]), { padding: "same", stride }).shape).toEqual([
          1,
          3,
          n * stride,
        ]);
      }
});

it("is the adjoint of convTranspose: ⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩", async () => {
  const [x, w, y] = [any([2, 3, 8, 7]), any([4, 3, 3, 2], 2), any([2, 4, 4, 4], 3)];
  const options: ConvOptions = {
    stride: 2,
    padding: [
      [1, 1],
      [1, 0],
    ],
  };
  const left = conv(x, w, options).mul(y).sum();
  const right = convTranspose(y, w, { ...options, outputPadding: [1, 0] })
    .mul(x)
    .sum();
  expect(await left.item()).toBeCloseTo(await right.item(), 4);
});

it("gives each example its own weight gradient under vmap", async () => {
  const [x, w] = [any([3, 2, 9, 9]), any([4, 2, 3, 3], 2)];
  const one = grad((weight: Tensor, image: Tensor) =>
    conv(image.reshape([1, 2, 9, 9]), weight)
      .square()
      .sum(),
  );
  const all = vmap((image: Tensor) => one(w, image))(x);
  const whole = grad((weight: Tensor) => conv(x, weight).square().sum())(w);
  expect(all.shape).toEqual([3, 4, 2, 3, 3]);
  const difference = all.sum(0).sub(whole).abs().max();
  expect(await difference.item()).toBeLessThan(1e-4);
});

it("counts floating-point operations", () => {
  const { cost } = compile((x: Tensor, w: Tensor) => conv(x, w, { padding: 1, groups: 2 })).lower(
    zeros([2, 4, 8, 8]),
    zeros([6, 2, 3, 3]),
  );
  expect(cost.flops).toBe(2 * (2 * 6 * 8 * 8) * (2 * 3 * 3));
});

it("runs in half precision", async () => {
  const y = conv(any([1, 2, 5]).cast("float16"), any([1, 2, 3]).cast("float16"));
  expect(y.dtype).toBe("float16");
  const full = await conv(any([1, 2, 5]), any([1, 2, 3]))
    .sub(y.cast("float32"))
    .abs()
    .max()
    .item();
  expect(full).toBeLessThan(5e-3);
});

describe("refuses", () => {
  const x = ones([2, 4, 8, 8]);
  it.each([
    [
      "a missing axis",
      () => conv(ones([4, 8]), ones([1, 4, 3])),
      ShapeError,
      "want x [B, C, ...] with 1 to 3 spatial axes, got [4, 8]",
    ],
    [
      "a kernel of another rank",
      () => conv(x, ones([1, 4, 3])),
      ShapeError,
      "want w of 4 axes for x [2, 4, 8, 8], got [1, 4, 3]",
    ],
    ["other channels", () => conv(x, ones([2, 3, 3, 3])), ShapeError, "want w [O, 4, ...]"],
    [
      "groups that do not divide",
      () => conv(x, ones([3, 2, 3, 3]), { groups: 2 }),
      ShapeError,
      "O a multiple of 2",
    ],
    [
      "a kernel that does not fit",
      () => conv(x, ones([1, 4, 9, 3])),
      ShapeError,
      "of at least [9, 3], got [8, 8]",
    ],
    [
      "a bias of another size",
      () => conv(x, ones([2, 4, 1, 1]), { bias: ones([3]) }),
      ShapeError,
      "want bias [2], got [3]",
    ],
    ["integers", () => conv(x.cast("int32"), ones([1, 4, 3, 3])), DtypeError, "want a float x, got int32"],
    [
      "a stride of 0",
      () => conv(x, ones([1, 4, 3, 3]), { stride: 0 }),
      OptionError,
      "stride: a whole number ≥ 1",
    ],
    ["negative padding", () => conv(x, ones([1, 4, 3, 3]), { padding: -1 }), OptionError, "got -1"],
    [
      "one pair for two axes",
      () => conv(x, ones([1, 4, 3, 3]), { padding: [[1, 1]] }),
      OptionError,
      "2 pairs",
    ],
    [
      "unknown options",
      () => conv(x, ones([1, 4, 3, 3]), { strides: 1 } as object),
      OptionError,
      'got option "strides"',
    ],
    [
      "too much output padding",
      () => convTranspose(x, ones([4, 1, 3, 3]), { outputPadding: 1 }),
      OptionError,
      "less than the stride",
    ],
    [
      "other channels, transposed",
      () => convTranspose(x, ones([3, 1, 3, 3])),
      ShapeError,
      "want w [4, O/groups, ...]",
    ],
    [
      "a result of nothing",
      () => convTranspose(x, ones([4, 1, 1, 1]), { padding: 4 }),
      ShapeError,
      "at least 1",
    ],
  ] as const)("%s", (_, f, type, message) => {
    expect(f).toThrow(type);
    expect(f).toThrow(message);
  });
});
