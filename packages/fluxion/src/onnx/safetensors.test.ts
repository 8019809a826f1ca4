import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { flattenTree } from "../core/tree.js";
import { FormatError, ShapeError, tensor, TreeError } from "../index.js";
import { fuzzParser } from "../testing/mutate.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** Written by the Python package safetensors 0.8: one tensor of each dtype, and one of no elements. */
const reference = new Uint8Array(readFileSync(new URL("testdata/reference.safetensors", import.meta.url)));

const file = (header: string, data: number[] = []): Uint8Array => {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  length[0] = text.length & 255;
  length[1] = text.length >> 8;
  return Uint8Array.from([...length, ...text, ...data]);
};

describe("reading", () => {
  it("reads what the reference implementation wrote", async () => {
    const { tensors, metadata } = readSafetensors(reference);
    expect(metadata).toEqual({ k: "v" });
    expect([...tensors].map(([name, t]) => `${name} ${t.dtype}[${t.shape.join()}]`)).toEqual([
      ..."a int64[2]|c float64[2,2]|b.0 float32[3]|e float32[0,3]|v uint32[2]|i int32[2]".split("|"),
      ..."h float16[3]|u uint8[5]|z bool[2]".split("|"),
    ]);
    expect(await tensors.get("h")!.toArray()).toEqual([1, 1, 1]);
    expect(await tensors.get("z")!.toArray()).toEqual([true, false]);
    expect(await tensors.get("b.0")!.toArray()).toEqual([0, 1, 2]);
  });

  it("reads dtypes of its own into wider ones, and half precision as float32 on request", async () => {
    const header =
      '{"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"i":{"dtype":"I8","shape":[2],"data_offsets":[4,6]}}';
    const { tensors } = readSafetensors(file(header, [0xc0, 0x3f, 0x00, 0xc0, 0xff, 0x7f]));
    expect(await tensors.get("b")!.toArray()).toEqual([1.5, -2]);
    expect(await tensors.get("i")!.toArray()).toEqual([-1, 127]);
    const half = readSafetensors(reference, { half: "float32" }).tensors.get("h")!;
    expect([half.dtype, await half.toArray()]).toEqual(["float32", [1, 1, 1]]);
  });

  it("spells a tree from dotted names", () => {
    const header = ["a.0.w", "a.1.w", "b.1", "c..d", "e", "e.f", "__proto__.x"]
      .map((name) => `"${name}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)
      .join();
    const { tree } = readSafetensors(file(`{${header}}`));
    expect(flattenTree(tree).def.key).toBe(
      '{"__proto__":{"x":*},"a":[{"w":*},{"w":*}],"b":{"1":*},"c..d":*,"e":*,"e.f":*}',
    );
    expect(Object.getPrototypeOf({})).not.toHaveProperty("x");
  });

  it("wants the structure of `like`", () => {
    const like = { a: tensor([1, 2], { dtype: "int64" }) };
    const one = file(
      '{"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}',
      new Array<number>(16).fill(0),
    );
    expect(readSafetensors(one, { like }).tree.a.shape).toEqual([2]);
    expect(() => readSafetensors(one, { like: { b: like.a } })).toThrow(TreeError);
    expect(() => readSafetensors(one, { like: { a: tensor([1, 2]) } })).toThrow(ShapeError);
    expect(() => readSafetensors(reference, { like })).toThrow(/no tensor "c"/);
  });
});

describe("refusing", () => {
  const entry = (begin: number, end: number, shape = "[2]", dtype = "U8"): string =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
  it.each([
    ["a header longer than the file", Uint8Array.from([255, 0, 0, 0, 0, 0, 0, 0, 123, 125]), /offset 0/],
    ["a header of 2^63 bytes", Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 128, 123, 125]), /offset 0/],
    ["a file of 3 bytes", Uint8Array.from([1, 2, 3]), /3 bytes/],
    ["text that is not JSON", file("{oops}"), /offset 8.*JSON/],
    ["an array", file("[]"), /offset 8/],
    [
      "overlapping tensors",
      file(`{"a":${entry(0, 2)},"b":${entry(1, 3)}}`, [1, 2, 3]),
      /offset .*"b" to begin at 2/,
    ],
    ["a gap", file(`{"a":${entry(0, 2)},"b":${entry(3, 5)}}`, [1, 2, 3, 4, 5]), /without gap/],
    ["bytes that nothing names", file(`{"a":${entry(0, 2)}}`, [1, 2, 3]), /the file to end there/],
    ["a tensor past the end", file(`{"a":${entry(0, 2)}}`, [1]), /the file to end there/],
    ["sizes that disagree", file(`{"a":${entry(0, 3)}}`, [1, 2, 3]), /"a": want 2 bytes for U8/],
    [
      "an enormous shape",
      file(`{"a":${entry(0, 3, "[9007199254740991,9007199254740991]")}}`, [1, 2, 3]),
      /"a"/,
    ],
    ["a negative size", file(`{"a":${entry(0, 2, "[-2]")}}`, [1, 2]), /whole numbers/],
    ["an unknown dtype", file(`{"a":${entry(0, 2, "[2]", "constructor")}}`, [1, 2]), /a dtype of/],
    ["metadata that is not text", file('{"__metadata__":{"a":1}}'), /object of strings/],
  ])("%s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
    expect(() => readSafetensors(bytes, { where: "model.safetensors" })).toThrow(message);
  });

  it("survives 2,000 damaged files", async () => {
    const { parsed, refused } = await fuzzParser(reference, 2000, (bytes) => {
      const { tensors } = readSafetensors(bytes);
      for (const [name, t] of tensors) if (t.size < 0) throw new Error(name);
    });
    expect(parsed + refused).toBe(2000);
    expect(refused).toBeGreaterThan(1000);
  });
});

describe("writing", () => {
  it("writes byte for byte what the reference implementation writes", async () => {
    const { tensors } = readSafetensors(reference);
    const tree = { ...Object.fromEntries(tensors), "b.0": undefined, b: [tensors.get("b.0")!] };
    expect(await writeSafetensors(tree, { metadata: { k: "v" } })).toEqual(reference);
  });

  it("brings a tree of computed tensors back", async () => {
    const tree = {
      blocks: [{ qkv: tensor([[1, 2]]).mul(2) }, { qkv: tensor(3) }],
      on: tensor([true, false]),
    };
    const back = readSafetensors(await writeSafetensors(tree), { like: tree }).tree;
    expect(await back.blocks[0]!.qkv.toArray()).toEqual([[2, 4]]);
    expect(await back.blocks[1]!.qkv.item()).toBe(3);
    expect(await back.on.toArray()).toEqual([true, false]);
  });

  it("refuses leaves without a name of their own", async () => {
    await expect(writeSafetensors(tensor(1))).rejects.toThrow(TreeError);
    await expect(writeSafetensors({ a: { b: tensor(1) }, "a.b": tensor(2) })).rejects.toThrow(
      /two named "a.b"/,
    );
  });
});
