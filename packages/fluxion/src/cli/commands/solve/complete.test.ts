import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeMatrixMarket } from "../../../data/matrix-market.js";
import { encodeNpy, parseNpy } from "../../../data/npy.js";
import { lowRankToDense } from "../../../solve/completion/low-rank.js";
import { randomLowRank } from "../../../solve/completion/synthetic.js";
import { runCommand } from "../../../testing/run-command.js";

const folder = mkdtempSync(path.join(tmpdir(), "fluxion-complete-"));
const file = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const complete = (...args: string[]) => runCommand("solve", "complete", ...args);

describe("fluxion solve complete", () => {
  const { observed, truth } = randomLowRank({ rows: 60, columns: 40, rank: 3, density: 0.5, seed: 1 });
  const dense = lowRankToDense(truth).data;
  const known = new Float64Array(2400).fill(NaN);
  const row = new Int32Array(observed.values.length);
  for (let i = 0; i < 60; i++) {
    for (let e = observed.starts[i]!; e < observed.starts[i + 1]!; e++) {
      known[40 * i + observed.indices[e]!] = observed.values[e]!;
      row[e] = i;
    }
  }
  beforeAll(() => {
    const field = (v: number): string => (Number.isNaN(v) ? "" : String(v));
    const lines = Array.from({ length: 60 }, (_, i) =>
      [...known.subarray(40 * i, 40 * i + 40)].map(field).join(","),
    );
    const names = Array.from({ length: 40 }, (_, j) => `film ${j}`);
    writeFileSync(file("known.csv"), [names.join(","), ...lines].join("\n"));
    writeFileSync(file("known.npy"), encodeNpy({ data: known, shape: [60, 40] }));
    const { indices, values } = observed;
    writeFileSync(
      file("known.mtx"),
      encodeMatrixMarket({ rows: 60, columns: 40, row, column: indices, value: values }),
    );
    writeFileSync(file("empty.csv"), "a,b\n,\n,\n");
    writeFileSync(file("line.npy"), encodeNpy({ data: known, shape: [2400] }));
  });
  const gap = (answer: ArrayLike<number>): number =>
    Math.sqrt(
      dense.reduce((sum, v, e) => sum + (v - answer[e]!) ** 2, 0) / dense.reduce((sum, v) => sum + v * v, 0),
    );

  it("chooses the rank by hold-out, and fills the gaps of a .csv under its names", async () => {
    const out = file("filled/filled.csv");
    const how = ["--rank", "1,3,6", "--ridge", "1e-9", "--out", out, "--json"];
    const { code, text } = await complete(file("known.csv"), ...how);
    expect(code, text).toBe(0);
    const result = JSON.parse(text) as { trials: { holdout: number }[]; columnMeans: number };
    expect(result).toMatchObject({ rank: 3, status: "converged", entries: observed.values.length, out });
    expect(result.trials[1]!.holdout).toBeLessThan(0.01 * result.columnMeans);
    const [names, ...lines] = readFileSync(out, "utf8").trim().split("\n");
    expect(names).toMatch(/^film 0,film 1,/);
    const answer = lines.flatMap((line) => line.split(",").map(Number));
    expect(gap(answer)).toBeLessThan(1e-5);
    known.forEach((v, e) => Number.isNaN(v) || expect(answer[e]).toBe(v));
    expect((await complete(file("known.csv"), ...how)).text).toBe(text);
  });

  it("reads .npy and .mtx, writes .npy and factors, and says so to a person", async () => {
    const out = file("filled.npy");
    const how = ["--rank", "3", "--ridge", "1e-9", "--solver", "exact"];
    const { code, text } = await complete(file("known.npy"), ...how, "--out", out);
    expect(code, text).toBe(0);
    expect(text).toMatch(/60 × 40, \d+ entries known \(5\d %\)/);
    expect(text).toMatch(/rank +residual, training +error, hold-out +of column means/);
    expect(text).toMatch(/rank 3: converged after \d+ rounds/);
    expect(gap(parseNpy(readFileSync(out), out).data)).toBeLessThan(1e-5);

    const factors = file("factors");
    const more = await complete(file("known.mtx"), ...how, "--holdout", "0", "--factors", factors);
    expect(more.code, more.text).toBe(0);
    const [left, right] = ["left", "right"].map((name) =>
      parseNpy(readFileSync(path.join(factors, `${name}.npy`)), name),
    );
    expect([left!.shape, right!.shape]).toEqual([
      [60, 3],
      [40, 3],
    ]);
    const product = lowRankToDense({
      ...{ rows: 60, columns: 40, rank: 3 },
      ...{ left: Float64Array.from(left!.data), right: Float64Array.from(right!.data) },
    });
    expect(gap(product.data)).toBeLessThan(1e-5);
  });

  it("warns of rows that hold too little for the rank", async () => {
    const some = known.slice();
    some.fill(NaN, 0, 39);
    some[39] = 1;
    writeFileSync(file("short.npy"), encodeNpy({ data: some, shape: [60, 40] }));
    const { text } = await complete(file("short.npy"), "--rank", "3");
    expect(text).toMatch(/1 rows and 0 columns have fewer known entries than the rank/);
  });

  it.each([
    [["empty.csv"], /empty\.csv: want at least one known entry, got none of 2 × 2/],
    [["line.npy"], /line\.npy: want a matrix \[rows, columns\], got \[2400\]/],
    [["known.csv", "--rank", "41"], /--rank: want at most 40, got 41/],
    [["known.csv", "--holdout", "0"], /one rank without a hold-out/],
    [["known.csv", "--out", "x.txt"], /--out: want a \.csv or \.npy file/],
  ])("answers %j with an error", async ([name, ...rest], words) => {
    const { code, text } = await complete(file(name!), ...rest);
    expect(code).toBe(2);
    expect(text).toMatch(words);
  });
});
