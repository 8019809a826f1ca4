import { describe, expect, it } from "vitest";
import { grad, tensor, vmap, type Tensor } from "../index.js";
import { placeholder } from "../core/tensor.js";
import { collect } from "../core/node.js";
import { simplify } from "../compile/simplify.js";
import * as ops from "./index.js";

const x = ops.arange(6).reshape([2, 3]);
const empty = ops.zeros([0, 3]);

/** Operators that are left of a function of one float32 tensor. */
function operators(shape: number[], f: (x: Tensor) => Tensor): string[] {
  const p = placeholder(shape, "float32");
  return collect(simplify([f(p)], [p]), new Set([p])).map((n) => n.op.name);
}

describe("NumPy's numbers", () => {
  it("of slices", async () => {
    const v = ops.arange(6);
    const slices: [ops.SlicePart, number[]][] = [
      [
        [1, 4],
        [1, 2, 3],
      ],
      [[-2], [4, 5]],
      [
        [null, -4],
        [0, 1],
      ],
      [
        [null, null, 2],
        [0, 2, 4],
      ],
      [
        [null, null, -1],
        [5, 4, 3, 2, 1, 0],
      ],
      [
        [4, 0, -2],
        [4, 2],
      ],
      [
        [4, null, -3],
        [4, 1],
      ],
      [
        [-1, -7, -2],
        [5, 3, 1],
      ],
      [
        [100, -100, -4],
        [5, 1],
      ],
      [
        [2, 100, 3],
        [2, 5],
      ],
      [[4, 2], []],
      [[-100, null, -1], []],
      [[7, 9], []],
      [-1, 5 as unknown as number[]],
    ];
    for (const [part, want] of slices) {
      expect(await ops.slice(v, part).toArray(), JSON.stringify(part)).toEqual(want);
      const gradient = grad((t: Tensor) => ops.slice(t, part).sum())(v.cast("float32"));
      const hits = [want].flat();
      expect(await gradient.toArray()).toEqual([0, 1, 2, 3, 4, 5].map((i) => (hits.includes(i) ? 1 : 0)));
    }
  });
  it("of margins", async () => {
    const v = tensor([1, 2, 3]);
    const margins = async (mode: ops.PadMode, a: number, b: number): Promise<unknown> =>
      ops.pad(v, [[a, b]], { mode }).toArray();
    expect(await margins("reflect", 2, 1)).toEqual([3, 2, 1, 2, 3, 2]);
    expect(await margins("edge", 2, 3)).toEqual([1, 1, 1, 2, 3, 3, 3, 3]);
    expect(await margins("wrap", 3, 2)).toEqual([1, 2, 3, 1, 2, 3, 1, 2]);
    expect(await ops.pad(v, [[1, 1]], { value: -Infinity }).toArray()).toEqual([
      -Infinity,
      1,
      2,
      3,
      -Infinity,
    ]);
  });
  it("of tiles, repeats and rolls", async () => {
    expect(await ops.tile(tensor([1, 2]), [2, 2]).toArray()).toEqual([
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ]);
    expect(await ops.repeat(x, 2, 0).toArray()).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [3, 4, 5],
      [3, 4, 5],
    ]);
    expect(await ops.roll(x, -4, 1).toArray()).toEqual([
      [1, 2, 0],
      [4, 5, 3],
    ]);
  });
});

describe("empty tensors", () => {
  it("pass through every operator that moves", async () => {
    expect(await ops.concat([empty, x.cast("float32")]).toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(
      await ops
        .pad(empty, [
          [1, 0],
          [0, 0],
        ])
        .toArray(),
    ).toEqual([[0, 0, 0]]);
    expect(await ops.tile(x, [0]).toArray()).toEqual([[], []]);
    expect(await ops.repeat(x, 0, 0).toArray()).toEqual([]);
    expect(await ops.reshape(empty, [3, -1]).toArray()).toEqual([[], [], []]);
    expect(ops.roll(empty, 2, 0).shape).toEqual([0, 3]);
    for (const f of [ops.flip, ops.transpose, ops.flatten]) expect(await f(empty).data()).toHaveLength(0);
  });
});

describe("what costs nothing", () => {
  it("disappears", () => {
    expect(operators([2, 3], (t) => t.transpose().transpose())).toEqual([]);
    expect(operators([2, 3], (t) => t.reshape([6]).reshape([2, 3]))).toEqual([]);
    expect(operators([2, 1, 3], (t) => t.transpose([1, 0, 2]))).toEqual(["Reshape"]);
    expect(operators([2, 3], (t) => ops.broadcastTo(t, [4, 2, 3]).sum(0))).toEqual(
      expect.not.arrayContaining(["Expand", "ReduceSum"]),
    );
    expect(operators([2, 3], (t) => t.add(ops.ones([2, 3])))).not.toContain("Expand");
  });
});

describe("vmap", () => {
  it("keeps broadcasting apart from the mapped axis", async () => {
    const rows = vmap((t: Tensor) => ops.broadcastTo(t, [2, 3]))(x);
    expect(await rows.toArray()).toEqual([
      [
        [0, 1, 2],
        [0, 1, 2],
      ],
      [
        [3, 4, 5],
        [3, 4, 5],
      ],
    ]);
    const mixed = vmap((t: Tensor, u: Tensor) => ops.concat([t, u], 0), { inAxes: [1, null] })(
      x,
      tensor([9]),
    );
    expect(await mixed.toArray()).toEqual([
      [0, 3, 9],
      [1, 4, 9],
      [2, 5, 9],
    ]);
  });
});

describe("bad input", () => {
  it.each<[string, () => unknown, string]>([
    ["reshape", () => x.reshape([4, 2]), "ops.reshape: want a shape of 6 elements, got [4, 2] for [2, 3]"],
    ["reshape of two unknowns", () => x.reshape([-1, -1]), "got [-1, -1]"],
    ["reshape to fractions", () => x.reshape([-1, 4]), "got [-1, 4]"],
    ["transpose", () => x.transpose([0, 0]), "want a permutation of 2 axes, got [0, 0]"],
    ["moveAxis", () => x.moveAxis(0, 2), "want an axis in [-2, 2), got 2"],
    ["broadcastTo", () => x.broadcastTo([3, 3]), "broadcast"],
    ["broadcastTo smaller", () => x.broadcastTo([1, 3]), "that [2, 3] broadcasts to, got [1, 3]"],
    ["expandDims", () => x.expandDims([0, 0]), "distinct axes"],
    ["squeeze", () => x.squeeze(0), "want axes of size 1, got [0] of [2, 3]"],
    ["concat", () => ops.concat([x, empty.transpose()]), "shapes equal but for axis 0"],
    ["concat of nothing", () => ops.concat([]), "at least one tensor"],
    ["slice with too many parts", () => x.slice(0, 0, 0), "at most 2 parts"],
    ["slice out of bounds", () => x.slice(2), "want an index in [-2, 2), got 2"],
    ["slice at a fraction", () => x.slice([0.5, 1]), "want whole numbers, got 0.5"],
    ["slice by no step", () => x.slice([0, 1, 0]), "a whole step other than 0"],
    ["split", () => x.split(2, 1), "want whole sizes that sum to 3, got [1.5, 1.5]"],
    ["split backwards", () => x.split([4, -1], 1), "got [4, -1]"],
    ["pad", () => x.pad([[1, 1]]), "want 2 pairs"],
    [
      "pad by less",
      () =>
        x.pad([
          [0, -1],
          [0, 0],
        ]),
      "whole numbers ≥ 0",
    ],
    [
      "pad mirrored too far",
      () =>
        x.pad(
          [
            [2, 0],
            [0, 0],
          ],
          { mode: "reflect" },
        ),
      "margins ≤ 1 for reflect",
    ],
    [
      "pad with no edge",
      () =>
        empty.pad(
          [
            [1, 0],
            [0, 0],
          ],
          { mode: "edge" },
        ),
      "axis 0: want margins ≤ 0",
    ],
    [
      "pad in no mode",
      () =>
        x.pad(
          [
            [0, 0],
            [0, 0],
          ],
          { mode: "mirror" as "edge" },
        ),
      "got mirror",
    ],
    [
      "pad with unknown options",
      () =>
        x.pad(
          [
            [0, 0],
            [0, 0],
          ],
          { values: 1 } as object,
        ),
      'option "values"',
    ],
    ["tile", () => x.tile([1.5]), "ops.tile: want whole numbers ≥ 0, got 1.5"],
    ["repeat", () => x.repeat(-1, 0), "ops.repeat: want whole numbers ≥ 0, got -1"],
    ["roll", () => x.roll(0.5, 0), "a whole shift"],
    ["full", () => ops.full([2, -1], 0), "full: want whole sizes ≥ 0, got [2, -1]"],
    ["arange", () => ops.arange(0, 1, 0), "a step other than 0"],
    ["linspace", () => ops.linspace(0, 1, 0), "a whole number ≥ 1"],
    ["eye", () => ops.eye(2, { K: 1 } as object), 'option "K"'],
  ])("%s", (_, f, message) => {
    expect(f).toThrow(message);
  });
});

describe("linspace", () => {
  it("ends at stop to the last bit", async () => {
    for (const stop of [0.1, 0.7, 1 / 3, 12.3]) {
      const values = await ops.linspace(-1, stop, 50).data();
      expect(values[49]).toBe(Math.fround(stop));
    }
  });
});
