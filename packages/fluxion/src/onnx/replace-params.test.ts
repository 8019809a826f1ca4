import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { TensorProtoSchema, type TensorProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { random, treeLeaves, treeMap, treePaths, TreeError, type Tensor } from "../index.js";
import { floats, graph, info, model as fileOf, node } from "../testing/onnx-file.js";
import { importOnnx } from "./import.js";
import { replaceParams } from "./replace-params.js";
import { summary } from "./summary.js";

const files = {
  "an export of PyTorch": new URL("testdata/torch-net.onnx", import.meta.url),
  "a network of ours": new URL("../../assets/features/fashion-mnist.onnx", import.meta.url),
};
const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

describe.each(Object.entries(files))("%s", (_, address) => {
  const bytes = new Uint8Array(readFileSync(address));
  const model = importOnnx(bytes);

  it("takes other values, and keeps all else", async () => {
    const other = treeMap((p: Tensor) => p.mul(2).add(1), model.params);
    const file = await replaceParams(bytes, other);
    const again = importOnnx(file);
    expect(treePaths(again.params).map((p) => p.path)).toEqual(treePaths(model.params).map((p) => p.path));
    for (const [i, leaf] of treeLeaves(again.params).entries()) {
      expect(await values(leaf)).toEqual(await values(treeLeaves(other)[i]!));
    }
    expect({ ...summary(file), bytes: 0 }).toEqual({ ...summary(bytes), bytes: 0 });
    const { shape = [] } = model.inputs[0]!;
    const x = random.normal(
      random.key(0),
      shape.map((n) => (typeof n === "number" ? n : 2)),
    );
    expect(await values(again.apply(again.params, x).at(-1)!)).toEqual(
      await values(model.apply(other, x).at(-1)!),
    );
  });

  it("refuses another tree", async () => {
    await expect(replaceParams(bytes, { other: treeLeaves(model.params)[0] })).rejects.toThrow(TreeError);
  });
});

it("writes where values were no raw bytes, and in bfloat16", async () => {
  const sum = (weight: TensorProto, type: number): Uint8Array =>
    fileOf(graph([node("Add", ["x", "w"], ["y"])], [info("x", [2], type)], [info("y", [2], type)], [weight]));
  const plain = floats("w", [1, 2]);
  const half = create(TensorProtoSchema, {
    name: "w",
    dataType: 16,
    dims: [2n],
    int32Data: [0x3f80, 0x4000],
  });
  for (const bytes of [sum(plain, 1), sum(half, 16)]) {
    const { params } = importOnnx(bytes);
    expect(await values(treeLeaves(params)[0]!)).toEqual([1, 2]);
    const file = await replaceParams(
      bytes,
      treeMap((p: Tensor) => p.mul(1.5), params),
    );
    expect(await values(treeLeaves(importOnnx(file).params)[0]!)).toEqual([1.5, 3]);
  }
});
