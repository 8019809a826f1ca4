import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { FormatError, OptionError, ShapeError } from "../core/errors.js";
import { fuzzParser } from "../testing/mutate.js";
import { decodeIdx, encodeIdx, parseIdx } from "./idx.js";

const images = { data: Uint8Array.from({ length: 48 }, (_, i) => i * 5), shape: [3, 4, 4] };

describe("parseIdx", () => {
  it.each([
    ["uint8", images],
    ["int32", { data: Int32Array.of(1, -2, 2 ** 31 - 1, -(2 ** 31)), shape: [2, 2] }],
    ["float32", { data: Float32Array.of(0.5, -1e30, NaN), shape: [3] }],
    ["float64", { data: Float64Array.of(Math.PI, -0), shape: [1, 2] }],
    ["no element", { data: new Uint8Array(), shape: [0, 4] }],
  ])("gives back what encodeIdx wrote: %s", (_, array) => {
    expect(parseIdx(encodeIdx(array))).toEqual(array);
  });

  it("reads big-endian int8 and int16 as int32", () => {
    const int16 = Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 2, 0xff, 0xfe, 0x01, 0x00);
    expect(parseIdx(int16)).toEqual({ data: Int32Array.of(-2, 256), shape: [2] });
    const int8 = Uint8Array.of(0, 0, 0x09, 1, 0, 0, 0, 2, 0xff, 0x7f);
    expect(parseIdx(int8)).toEqual({ data: Int32Array.of(-1, 127), shape: [2] });
  });

  it("does not share memory with the file", () => {
    const file = Buffer.from(encodeIdx(images));
    const { data } = parseIdx(file);
    file.fill(0);
    expect(data).toEqual(images.data);
  });

  it.each([
    ["nothing", [], "a.idx (offset 0): want an IDX header of 4 bytes, got 0 bytes"],
    ["another signature", [1, 0, 8, 1], "a.idx (offset 0): want two zero bytes, got 0x100"],
    ["an unknown type", [0, 0, 7, 1], "a.idx (offset 2): want type 8, 9, 11, 12, 13 or 14, got 7"],
    ["no axis", [0, 0, 8, 0], "a.idx (offset 3): want 1 to 8 axes, got 0"],
    ["half a header", [0, 0, 8, 2, 0, 0, 0, 1], "a.idx (offset 4): want 2 sizes (8 bytes), got 4 bytes"],
    [
      "a missing element",
      [0, 0, 8, 1, 0, 0, 0, 2, 9],
      "(offset 8): want 2 bytes of elements for shape [2], got 1",
    ],
    [
      "a byte too many",
      [0, 0, 8, 1, 0, 0, 0, 1, 9, 9],
      "(offset 8): want 1 bytes of elements for shape [1], got 2",
    ],
  ])("refuses %s and says where", (_, bytes, message) => {
    const parse = () => parseIdx(Uint8Array.from(bytes), "a.idx");
    expect(parse).toThrow(FormatError);
    expect(parse).toThrow(message);
  });

  it("refuses sizes of 2^256 elements without allocating them", () => {
    const huge = new Uint8Array(36).fill(0xff);
    huge.set([0, 0, 0x0e, 8]);
    expect(() => parseIdx(huge)).toThrow(FormatError);
  });
});

describe("decodeIdx", () => {
  it("reads compressed and plain files alike", async () => {
    const file = encodeIdx(images);
    expect(await decodeIdx(file)).toEqual(images);
    expect(await decodeIdx(gzipSync(file))).toEqual(images);
  });

  it("refuses a stream cut short, naming the file", async () => {
    const file = gzipSync(encodeIdx(images));
    const decoding = decodeIdx(file.subarray(0, file.length - 6), { where: "cut.gz" });
    await expect(decoding).rejects.toThrow(/^cut\.gz \(near byte \d+\): want a whole gzip stream/);
    await expect(decoding).rejects.toThrow(FormatError);
  });

  it("stops unpacking at maxBytes", async () => {
    const bomb = gzipSync(new Uint8Array(50_000_000));
    await expect(decodeIdx(bomb, { where: "bomb.gz", maxBytes: 1_000_000 })).rejects.toThrow(
      "bomb.gz: want at most 1000000 bytes, got more",
    );
    await expect(decodeIdx(new Uint8Array(11), { maxBytes: 10 })).rejects.toThrow(FormatError);
  });

  it("refuses an unknown option", async () => {
    await expect(decodeIdx(encodeIdx(images), { max: 1 } as object)).rejects.toThrow(OptionError);
  });
});

it("encodeIdx refuses data that do not fill the shape, and scalars", () => {
  expect(() => encodeIdx({ data: new Uint8Array(3), shape: [2, 2] })).toThrow(ShapeError);
  expect(() => encodeIdx({ data: new Uint8Array(1), shape: [] })).toThrow(ShapeError);
  expect(() => encodeIdx({ data: new Uint8Array(1), shape: Array<number>(9).fill(1) })).toThrow(ShapeError);
});

describe("2,000 damaged files", () => {
  const check = (array: { data: { length: number }; shape: number[] }, limit: number) => {
    const count = array.shape.reduce((a, b) => a * b, 1);
    if (count !== array.data.length || count > limit) throw new Error("unsound result");
  };

  it("plain: each is read or refused, and never larger than the file", async () => {
    const tally = await fuzzParser(encodeIdx(images), 1000, (bytes) => check(parseIdx(bytes), bytes.length));
    expect(tally.parsed).toBeGreaterThan(0);
    expect(tally.parsed + tally.refused).toBe(1000);
  });

  it("compressed: each is read or refused, within maxBytes", async () => {
    const maxBytes = 100_000;
    const tally = await fuzzParser(gzipSync(encodeIdx(images)), 1000, async (bytes) =>
      check(await decodeIdx(bytes, { maxBytes }), maxBytes),
    );
    expect(tally.parsed + tally.refused).toBe(1000);
  });
});
