import { describe, expect, it } from "vitest";
import { FormatError, OptionError, ShapeError } from "../core/errors.js";
import { fuzzParser } from "../testing/mutate.js";
import { seededUniform } from "./seeded.js";
import { encodeMatrixMarket, parseMatrixMarket, type MatrixMarketOptions } from "./matrix-market.js";

const parse = (text: string, options?: MatrixMarketOptions) =>
  parseMatrixMarket(new TextEncoder().encode(text), options);
/** Dense rows of whatever was read. */
function dense(text: string): number[][] {
  const read = parse(text);
  const rows = Array.from({ length: read.rows }, () => new Array<number>(read.columns).fill(0));
  if (read.format === "array")
    read.array.data.forEach((v, k) => (rows[Math.floor(k / read.columns)]![k % read.columns] = v));
  else read.value.forEach((v, k) => (rows[read.row[k]!]![read.column[k]!]! += v));
  return rows;
}

describe("parseMatrixMarket", () => {
  it.each([
    [
      "general coordinates",
      "coordinate real general\n% c\n\n2 3 3\n1 1 1.5\r\n2 3 -2e1\n1 2\t.5\n",
      [
        [1.5, 0.5, 0],
        [0, 0, -20],
      ],
    ],
    [
      "a symmetric matrix",
      "coordinate integer symmetric\n2 2 2\n1 1 4\n2 1 -1\n",
      [
        [4, -1],
        [-1, 0],
      ],
    ],
    [
      "a skew-symmetric matrix",
      "coordinate real skew-symmetric\n2 2 1\n2 1 3\n",
      [
        [0, -3],
        [3, 0],
      ],
    ],
    ["a pattern", "coordinate pattern general\n1 3 2\n1 1\n1 3", [[1, 0, 1]]],
    ["entries at one place", "coordinate real general\n1 1 2\n1 1 2\n1 1 3\n", [[5]]],
    [
      "an array, column after column",
      "array real general\n2 2\n1\n2\n3\n4\n",
      [
        [1, 3],
        [2, 4],
      ],
    ],
    [
      "a symmetric array",
      "array real symmetric\n2 2\n1\n2\n4\n",
      [
        [1, 2],
        [2, 4],
      ],
    ],
    [
      "a skew-symmetric array",
      "array integer skew-symmetric\n2 2\n7\n",
      [
        [0, -7],
        [7, 0],
      ],
    ],
    ["Fortran's exponents", "array real general\n1 1\n1.5D-1\n", [[0.15]]],
    ["no entry", "coordinate real general\n2 1 0\n", [[0], [0]]],
  ])("reads %s", (_, text, rows) => {
    expect(dense(`%%MatrixMarket matrix ${text}`)).toEqual(rows);
    expect(dense(`%%matrixmarket MATRIX ${text}`)).toEqual(rows);
  });

  it.each([
    ["", /line 1\): want %%MatrixMarket/],
    ["1 1 1\n1 1 1\n", /line 1\): want %%MatrixMarket/],
    ["%%MatrixMarket matrix coordinate complex general\n", /want real, integer or pattern, got complex/],
    ["%%MatrixMarket matrix coordinate real hermitian\n", /got hermitian/],
    ["%%MatrixMarket vector coordinate real general\n", /want %%MatrixMarket matrix/],
    ["%%MatrixMarket matrix array pattern general\n1 1\n1", /want an array of real or integer/],
    [
      "%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n",
      /line 2\): want a square symmetric matrix, got 2 x 3/,
    ],
    ["%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n", /line 3\): want the lower triangle/],
    ["%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n", /line 3\): want no diagonal/],
    [
      "%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1\n",
      /line 3\): want a row, a whole number in 1 … 2, got "0"/,
    ],
    [
      "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 3 1\n",
      /a column, a whole number in 1 … 2, got "3"/,
    ],
    ["%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 one\n", /line 3\): want a number, got "one"/],
    ["%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 NaN\n", /got "NaN"/],
    ["%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1e999\n", /got "1e999"/],
    [
      "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 10.000\n",
      /line 4\): want a row, got the end of the file/,
    ],
    [
      "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\n2 2 2\n",
      /line 4\): want the end of the file, got "2 2 2/,
    ],
    [
      "%%MatrixMarket matrix coordinate real general\n2 2 1000000000\n1 1 1\n",
      /want at most \d+ entries, got 1000000000/,
    ],
    [
      "%%MatrixMarket matrix coordinate real general\n2 2 10000\n1 1 1\n",
      /bytes of entries, got 10000 entries/,
    ],
    ["%%MatrixMarket matrix array real general\n40000 40000\n1\n", /want at most/],
    ["%%MatrixMarket matrix coordinate real general\n99999999999999999999 2 1\n", /number of rows, a whole/],
    ["%%MatrixMarket matrix coordinate real general\n2000000000 2000000000 0\n", /0 … 50000000/],
  ])("refuses %j with the line", (text, words) => {
    expect(() => parse(text)).toThrow(FormatError);
    expect(() => parse(text, { where: "a.mtx" })).toThrow(/^a\.mtx \(line \d+\): want /);
    expect(() => parse(text)).toThrow(words);
  });

  it("refuses unknown options, and more than it was told to take", () => {
    expect(() => parse("", { max: 1 } as object)).toThrow(OptionError);
    const two = "%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 1\n2 2 1\n";
    expect(() => parse(two, { maxEntries: 3 })).toThrow(/at most 3 entries, got 4/);
    expect(() => parse(two, { maxSide: 1 })).toThrow(/number of rows/);
  });

  it("stays quick on a line of a million blanks, a long word and half a million entries", () => {
    const head = "%%MatrixMarket matrix coordinate real general\n";
    expect(() => parse(`${head}1 1 1\n${" ".repeat(1e6)}1 1 ${"9".repeat(1e6)}`)).toThrow(/want a number/);
    const entries = Array.from({ length: 500_000 }, (_, k) => `${k + 1} ${k + 1} 1.25`).join("\n");
    const read = parse(`${head}500000 500000 500000\n${entries}\n`);
    expect(read.format === "coordinate" && read.value.length).toBe(500_000);
  });
});

describe("encodeMatrixMarket", () => {
  const uniform = seededUniform(3);
  const value = Float64Array.from(
    { length: 6 },
    () => (uniform() - 0.5) * 10 ** Math.floor(40 * uniform() - 20),
  );

  it("writes what parseMatrixMarket reads back exactly", () => {
    const entries = {
      rows: 4,
      columns: 3,
      row: Int32Array.of(0, 1, 2, 3, 3, 0),
      column: Int32Array.of(0, 1, 2, 0, 2, 2),
      value,
    };
    expect(parseMatrixMarket(encodeMatrixMarket(entries, { comment: "one\ntwo" }))).toEqual({
      ...{ format: "coordinate", field: "real", symmetry: "general" },
      ...entries,
    });
    const array = { data: value, shape: [2, 3] };
    expect(parseMatrixMarket(encodeMatrixMarket(array))).toMatchObject({ format: "array", array });
    expect(parseMatrixMarket(encodeMatrixMarket({ data: value, shape: [6] }))).toMatchObject({
      array: { shape: [6, 1] },
    });
  });

  it("writes half of a symmetric matrix", () => {
    const data = Float64Array.of(4, -1, -1, 5);
    const bytes = encodeMatrixMarket({ data, shape: [2, 2] }, { symmetric: true });
    expect(new TextDecoder().decode(bytes)).toBe(
      "%%MatrixMarket matrix array real symmetric\n2 2\n4\n-1\n5\n",
    );
    expect(parseMatrixMarket(bytes)).toMatchObject({ array: { data } });
    const coordinates = { rows: 2, columns: 2, row: [0, 0, 1], column: [0, 1, 0], value: [4, -1, -1] };
    const sparse = parseMatrixMarket(encodeMatrixMarket(coordinates, { symmetric: true }));
    expect(sparse).toMatchObject({ row: Int32Array.of(0, 1, 0), column: Int32Array.of(0, 0, 1) });
  });

  it("refuses what a file cannot hold", () => {
    expect(() => encodeMatrixMarket({ data: Float64Array.of(NaN), shape: [1, 1] })).toThrow(
      /finite numbers, got NaN/,
    );
    expect(() => encodeMatrixMarket({ data: value, shape: [2, 2] })).toThrow(ShapeError);
    expect(() => encodeMatrixMarket({ data: value, shape: [2, 3] }, { symmetric: true })).toThrow(/square/);
    const entries = { rows: 1, columns: 1, row: [1], column: [0], value: [1] };
    expect(() => encodeMatrixMarket(entries)).toThrow(/within 1 x 1/);
    expect(() => encodeMatrixMarket({ ...entries, value: [] })).toThrow(ShapeError);
  });
});

it("reads or refuses 2,000 damaged files", async () => {
  const files = [
    "%%MatrixMarket matrix coordinate real symmetric\n% a comment\n4 4 5\n1 1 4.0\n2 1 -1.5e0\n2 2 4\n3 3 4\n4 4 4\n",
    "%%MatrixMarket matrix array real general\n2 3\n1\n-2.5\n3e2\n4\n5\n6\n",
  ];
  for (const file of files) {
    const tally = await fuzzParser(new TextEncoder().encode(file), 1000, (bytes) => {
      const read = parseMatrixMarket(bytes);
      const sound =
        read.format === "array"
          ? read.array.data.length === read.rows * read.columns && read.array.data.every(Number.isFinite)
          : read.row.every((i) => i >= 0 && i < read.rows) &&
            read.column.every((j) => j >= 0 && j < read.columns);
      if (!sound) throw new Error("unsound result");
    });
    expect(tally.parsed).toBeGreaterThan(0);
    expect(tally.parsed + tally.refused).toBe(1000);
  }
});
