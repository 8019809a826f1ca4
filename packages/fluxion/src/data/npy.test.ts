import { describe, expect, it } from "vitest";
import { FormatError, ShapeError } from "../core/errors.js";
import { fuzzParser } from "../testing/mutate.js";
import { encodeNpy, parseNpy } from "./npy.js";

/** A file as NumPy 2.4 writes it; the elements in hexadecimal are copied from its output. */
function numpyFile(header: string, elements: string, version = 1): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const length = Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix;
  const text = `${header.padEnd(length - 1)}\n`;
  const size = version === 1 ? [length & 255, length >> 8] : [length & 255, length >> 8, 0, 0];
  const ascii = Buffer.from(text, "latin1");
  return Uint8Array.from([
    0x93,
    ...Buffer.from("NUMPY"),
    version,
    0,
    ...size,
    ...ascii,
    ...Buffer.from(elements, "hex"),
  ]);
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe("parseNpy", () => {
  it.each([
    ["big-endian int16", header(">i2", "(3,)"), "0001fffe012c", Int32Array.of(1, -2, 300), [3]],
    ["float16", header("<f2", "(4,)"), "003e00b4ff7b0100", Float32Array.of(1.5, -0.25, 65504, 2 ** -24), [4]],
    ["float16 infinity and NaN", header("<f2", "(2,)"), "00fc007e", Float32Array.of(-Infinity, NaN), [2]],
    ["bool", header("|b1", "(3,)"), "010001", Uint8Array.of(1, 0, 1), [3]],
    ["int64", header("<i8", "(2, 1)"), "0700000000000000f7ffffffffffffff", Int32Array.of(7, -9), [2, 1]],
    ["a scalar", header("<f8", "()"), "0000000000000c40", Float64Array.of(3.5), []],
    [
      "Fortran order",
      header("<i4", "(2, 3)", "True"),
      "000000000300000001000000040000000200000005000000",
      Int32Array.of(0, 1, 2, 3, 4, 5),
      [2, 3],
    ],
    ["no element", header("<f4", "(0, 3)"), "", new Float32Array(), [0, 3]],
  ])("reads %s", (_, text, elements, data, shape) => {
    expect(parseNpy(numpyFile(text, elements))).toEqual({ data, shape });
  });

  it("reads versions 2 and 3, whose header length has four bytes", () => {
    for (const version of [2, 3]) {
      const file = numpyFile(header("<f4", "(1,)"), "0000c03f", version);
      expect(parseNpy(file)).toEqual({ data: Float32Array.of(1.5), shape: [1] });
    }
  });

  it("reads three axes in Fortran order", () => {
    const shape = [2, 3, 4];
    const elements = new Uint8Array(24);
    for (let i = 0; i < 24; i++) {
      const [a, b, c] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      elements[a + 2 * b + 6 * c] = i;
    }
    const file = numpyFile(header("|u1", "(2, 3, 4)", "True"), Buffer.from(elements).toString("hex"));
    expect(parseNpy(file)).toEqual({ data: Uint8Array.from({ length: 24 }, (_, i) => i), shape });
  });

  it.each([
    ["complex numbers", header("<c8", "(1,)"), "0000000000000000", "c8"],
    ["objects", header("|O", "(1,)"), "", "want {'descr'"],
    [
      "records",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
      "00000000",
      "want {'descr'",
    ],
    ["a header without a shape", "{'descr': '<f4', 'fortran_order': False, }", "", "want {'descr'"],
    ["a shape with a negative size", header("<f4", "(-1,)"), "", "want {'descr'"],
    ["a shape of 10^30 elements", header("|u1", "(999999999999999, 999999999999999)"), "00", "want 9.99"],
    [
      "too few elements",
      header("<f4", "(2,)"),
      "00000000",
      "(offset 128): want 8 bytes for shape [2], got 4",
    ],
    ["an int64 beyond int32", header("<i8", "(1,)"), "0000000001000000", "got 4294967296; save as int32"],
  ])("refuses %s", (_, text, elements, message) => {
    const parse = () => parseNpy(numpyFile(text, elements), "x.npy");
    expect(parse).toThrow(FormatError);
    expect(parse).toThrow(message);
  });

  it("refuses another signature, version and header length", () => {
    const file = numpyFile(header("<f4", "(1,)"), "00000000");
    const patched = (at: number, byte: number) => Uint8Array.from(file, (old, i) => (i === at ? byte : old));
    expect(() => parseNpy(new Uint8Array(3), "x.npy")).toThrow("x.npy (offset 0): want a .npy header");
    expect(() => parseNpy(patched(1, 0))).toThrow("npy (offset 0): want the .npy signature");
    expect(() => parseNpy(patched(6, 9))).toThrow("npy (offset 6): want version 1, 2 or 3, got 9");
    expect(() => parseNpy(patched(9, 0xff))).toThrow("npy (offset 8): want a header within the file");
  });
});

describe("encodeNpy", () => {
  it.each([
    ["uint8", { data: Uint8Array.of(1, 255), shape: [2] }],
    ["int32", { data: Int32Array.of(1, -2, 3, 4), shape: [2, 2] }],
    ["float32", { data: Float32Array.of(0.1, NaN, -Infinity), shape: [1, 3, 1] }],
    ["float64", { data: Float64Array.of(0.1), shape: [] }],
  ])("writes what parseNpy reads back: %s", (_, array) => {
    expect(parseNpy(encodeNpy(array))).toEqual(array);
  });

  it("writes the bytes that NumPy writes", () => {
    const array = { data: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5), shape: [2, 3] };
    const elements = "000000000000003f0000803f0000c03f0000004000002040";
    expect(encodeNpy(array)).toEqual(numpyFile(header("<f4", "(2, 3)"), elements));
  });

  it("refuses data that do not fill the shape", () => {
    expect(() => encodeNpy({ data: new Uint8Array(3), shape: [2] })).toThrow(ShapeError);
  });
});

it("reads or refuses 1,000 damaged files, never larger than four times the file", async () => {
  const file = numpyFile(header("<i4", "(2, 3)", "True"), "000000000300000001000000040000000200000005000000");
  const tally = await fuzzParser(file, 1000, (bytes) => {
    const { data, shape } = parseNpy(bytes);
    const count = shape.reduce((a, b) => a * b, 1);
    if (count !== data.length || count > bytes.length) throw new Error("unsound result");
  });
  expect(tally.parsed).toBeGreaterThan(0);
  expect(tally.parsed + tally.refused).toBe(1000);
});
