import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNpy } from "../../../data/npy.js";
import { seededUniform } from "../../../data/seeded.js";
import { predictRelu, type ReluModel } from "../../../solve/convex-relu/fit.js";
import { runCommand } from "../../../testing/run-command.js";

const folder = mkdtempSync(path.join(tmpdir(), "fluxion-convex-fit-"));
const file = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const convexFit = (...args: string[]) => runCommand("solve", "convex-fit", ...args);

describe("fluxion solve convex-fit", () => {
  const uniform = seededUniform(1);
  const rows = Array.from({ length: 60 }, () => [6 * uniform() - 3, uniform()]);
  beforeAll(() => {
    const numbers = rows.map(([a, b]) => [a, 100 + 10 * Math.abs(a!), b].join(";"));
    writeFileSync(file("numbers.csv"), `size;price;noise\n${numbers.join("\n")}\n`);
    const classes = rows.map(([a, b]) => `${a},${b},${Math.abs(a!) > 1.5 ? "far" : "near"}`);
    writeFileSync(file("classes.csv"), `${classes.join("\n")}\n`);
    const data = Float32Array.from(rows.flatMap(([a, b]) => [Math.abs(a!), a!, b!]));
    writeFileSync(file("table.npy"), encodeNpy({ data, shape: [60, 3] }));
    writeFileSync(file("three.csv"), "1,a\n2,b\n3,c\n");
    writeFileSync(file("gap.csv"), "a,b\n1,2\n,3\n");
    writeFileSync(file("one.csv"), "a\n1\n2\n");
  });
  const json = async (...args: string[]) => {
    const { code, text } = await convexFit(...args, "--json");
    expect(code, text).toBe(0);
    return JSON.parse(text) as { certificate: { relativeGap: number } } & Record<string, unknown>;
  };

  it("fits numbers of a named column, tests them, and writes a model that predicts", async () => {
    const out = file("model/numbers.json");
    const result = await json(file("numbers.csv"), "--target", "price", "--patterns", "60", "--out", out);
    expect(result).toMatchObject({ task: "regression", rows: 60, measure: "r2", out });
    expect(result["holdout"]).toBeGreaterThan(0.95);
    const saved = JSON.parse(readFileSync(out, "utf8")) as { columns: string[]; model: ReluModel };
    expect(saved.columns).toEqual(["size", "noise"]);
    const [answer] = predictRelu(saved.model, { data: Float64Array.of(2, 0.5), shape: [1, 2] });
    expect(answer).toBeGreaterThan(115);
    expect(answer).toBeLessThan(125);
  });

  it("fits two classes with names, and says so to a person", async () => {
    const { code, text } = await convexFit(file("classes.csv"), "--iterations", "100", "--patterns", "40");
    expect(code).toBe(0);
    expect(text).toMatch(/60 rows, 2 features; classification of column -1/);
    expect(text).toMatch(/units +patterns +beta +cost +lower bound +accuracy, training +accuracy, test/);
    expect(text).toMatch(
      /max-iterations after 100 iterations; the bound is one of networks with these patterns/,
    );
    const result = await json(file("classes.csv"), "--patterns", "40", "--seed", "2");
    expect(result["training"]).toBeGreaterThan(0.9);
    expect(await json(file("classes.csv"), "--patterns", "40", "--seed", "2")).toEqual(result);
  });

  it("reads .npy, and bounds all networks where all patterns are listed", async () => {
    const how = ["--patterns", "all", "--iterations", "5", "--holdout", "0.8"];
    const result = await json(file("table.npy"), "--target", "0", ...how);
    expect(result).toMatchObject({ task: "regression", target: "0", certificate: { scope: "all networks" } });
    expect(
      (await json(file("table.npy"), "--target", "0", "--holdout", "0", "--iterations", "3"))["holdout"],
    ).toBe(undefined);
  });

  it.each([
    [["three.csv"], /three\.csv, column -1: want numbers, or two classes, got "a" among 3/],
    [
      ["numbers.csv", "--target", "price", "--task", "classification"],
      /want two classes, got \d+; --task regression/,
    ],
    [["numbers.csv", "--target", "cost"], /label one of the columns size, price, noise/],
    [["table.npy", "--target", "3"], /--target: want a column in 0 … 2, got 3/],
    [["table.npy", "--target", "price"], /--target/],
    [["gap.csv"], /gap\.csv \(line 3\): want a number in column "a"/],
    [["one.csv"], /a column beside the target/],
  ])("answers %j with an error", async ([name, ...rest], words) => {
    const { code, text } = await convexFit(file(name!), ...rest);
    expect(code).toBe(2);
    expect(text).toMatch(words);
  });
});
