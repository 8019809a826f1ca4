import { describe, expect, it } from "vitest";
import { FormatError, OptionError } from "../core/errors.js";
import { fuzzParser } from "../testing/mutate.js";
import { type CsvOptions, parseCsv } from "./csv.js";

const features = (text: string, options?: CsvOptions) => {
  const { data, shape } = parseCsv(text, options).features;
  return { data: [...data], shape };
};

describe("parseCsv", () => {
  it.each([
    ["commas", "1,2\n3,4\n"],
    ["semicolons", "1;2\n3;4"],
    ["tabs", "1\t2\n3\t4\n"],
    ["Windows line ends", "1,2\r\n3,4\r\n"],
    ["old Macintosh line ends", "1,2\r3,4"],
    ["spaces, blank lines and comments", "# made by hand\n\n 1 , 2 \n  \n3,4\n\n"],
    ["a byte order mark", "\uFEFF1,2\n3,4"],
    ["quotes", '"1","2"\n3,"4"\n'],
    ["a header", "x,y\n1,2\n3,4\n"],
    ["a quoted header with the delimiter inside", '"a,b","c ""d"""\n1,2\n3,4\n'],
  ])("reads %s", (_, text) => {
    expect(features(text)).toEqual({ data: [1, 2, 3, 4], shape: [2, 2] });
  });

  it("reads one column and every form of number", () => {
    expect(features("1\n-2.5\n+.5\n3.\n1e-3\n6E+2\n").data).toEqual([1, -2.5, 0.5, 3, 0.001, 600]);
  });

  it("names the columns", () => {
    expect(parseCsv('x,"the ""y"""\n1,2').columns).toEqual(["x", 'the "y"']);
    expect(parseCsv("1,2").columns).toEqual(["0", "1"]);
    expect(parseCsv("2020,2021\n1,2", { header: true }).columns).toEqual(["2020", "2021"]);
  });

  it("turns a column of names into class numbers", () => {
    const text = "a,kind,b\n1,cat,2\n3,ant,4\n5,cat,6\n";
    const table = parseCsv(text, { label: "kind" });
    expect(table.columns).toEqual(["a", "b"]);
    expect([...table.features.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(table.classes).toEqual(["ant", "cat"]);
    expect([...table.labels.data]).toEqual([1, 0, 1]);
    expect([...parseCsv(text, { label: 1, classes: ["cat", "ant"] }).labels.data]).toEqual([0, 1, 0]);
    expect([...parseCsv("1,u\n2,v", { label: -1 }).labels.data]).toEqual([0, 1]);
  });

  it("accepts gaps only when asked", () => {
    expect(features("1,\nNA,4", { missing: "nan" }).data).toEqual([1, NaN, NaN, 4]);
    expect(() => features("1,2\n3,")).toThrow(
      'line 2): want a number in column "1", got ""; give missing: "nan"',
    );
  });

  it.each([
    ["an empty file", "", "p.csv (line 1): want at least one row of numbers, got an empty file"],
    ["a header alone", "x,y\n", "p.csv (line 1): want at least one row of numbers, got a header only"],
    ["a short row", "1,2\n\n3\n", "p.csv (line 3): want 2 fields, got 1"],
    ["a word", "x,y\n1,2\n3,oops\n", 'p.csv (line 3): want a number in column "y", got "oops"'],
    ["a decimal comma", "1;2\n1,5;2", "decimals are written with a point"],
    ["a word in the first row", "1,a\n2,b", "name a column of classes with label"],
    ["infinity", "1,2\n3,Infinity", "p.csv (line 2)"],
    ["a number too large", "1,2\n3,1e999", "p.csv (line 2)"],
    ["hexadecimal", "1\n0x10", "p.csv (line 2)"],
    ["an open quote", '1,2\n"3,4\n', "p.csv (line 2): want a closing quote"],
    ["a column named twice", "x,x\n1,2", 'p.csv (line 1): want column names that differ, got "x" twice'],
  ])("refuses %s and names the line", (_, text, message) => {
    const parse = () => parseCsv(text, { where: "p.csv" });
    expect(parse).toThrow(FormatError);
    expect(parse).toThrow(message);
  });

  it("refuses a class that is not in the list and more fields than allowed", () => {
    expect(() => parseCsv("1,u\n2,w", { label: 1, classes: ["u", "v"] })).toThrow(
      '(line 2): want one of u, v, got "w"',
    );
    expect(() => parseCsv("1,2\n3,4", { maxFields: 3 })).toThrow("(line 2): want at most 3 fields");
  });

  it("refuses an unknown option and a label that is no column", () => {
    expect(() => parseCsv("1", { head: true } as CsvOptions)).toThrow(OptionError);
    expect(() => parseCsv("x\n1", { label: "y" })).toThrow("want label one of the columns x, got y");
  });

  it("stays quick on a line of a million quotes and on a million lines", () => {
    expect(() => parseCsv(`1,2\n${'"'.repeat(1_000_001)}`)).toThrow(FormatError);
    expect(features("1\n".repeat(1_000_000)).shape).toEqual([1_000_000, 1]);
  });
});

it("reads or refuses 1,000 damaged files", async () => {
  const file = new TextEncoder().encode('x,y,"kind"\n0.5,-1e3,cat\n2.25,4,dog\n,7,"a ""b"""\n');
  const tally = await fuzzParser(file, 1000, (bytes) => {
    const text = new TextDecoder().decode(bytes);
    const { features: f, labels, columns } = parseCsv(text, { label: -1, missing: "nan" });
    const sound = f.data.length === f.shape[0]! * columns.length && labels.data.length === f.shape[0];
    if (!sound || f.data.length > bytes.length) throw new Error("unsound result");
  });
  expect(tally.parsed).toBeGreaterThan(0);
  expect(tally.parsed + tally.refused).toBe(1000);
});
