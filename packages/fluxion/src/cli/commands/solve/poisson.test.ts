import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeMatrixMarket } from "../../../data/matrix-market.js";
import { encodeNpy, parseNpy } from "../../../data/npy.js";
import { poissonOperator } from "../../../solve/poisson/poisson-operator.js";
import { runCommand } from "../../../testing/run-command.js";

const folder = mkdtempSync(path.join(tmpdir(), "fluxion-poisson-"));
const file = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const poisson = (...args: string[]) => runCommand("solve", "poisson", ...args);

describe("fluxion solve poisson", () => {
  // u = sin(πx)·sin(πy) on the unit square has -Δu = 2π²·u, up to h².
  const n = 32;
  const h = 1 / (n + 1);
  const wave = Float64Array.from(
    { length: n * n },
    (_, i) => Math.sin(Math.PI * h * (1 + Math.floor(i / n))) * Math.sin(Math.PI * h * (1 + (i % n))),
  );
  beforeAll(() => {
    const f = wave.map((v) => 2 * Math.PI ** 2 * v);
    writeFileSync(file("f.npy"), encodeNpy({ data: f, shape: [n, n] }));
    writeFileSync(file("cube.npy"), encodeNpy({ data: new Float64Array(512).fill(1), shape: [8, 8, 8] }));
    writeFileSync(file("odd.csv"), "1,1,1\n1,NaN,1\n1,,1\n2,2,2\n");
    writeFileSync(file("line.npy"), encodeNpy({ data: f, shape: [n * n] }));
    const { rows, columns, starts, indices, values } = poissonOperator({ shape: [4, 4] }).matrix();
    const row = indices.map(() => 0);
    for (let i = 0; i < rows; i++) row.fill(i, starts[i], starts[i + 1]);
    writeFileSync(file("a.mtx"), encodeMatrixMarket({ rows, columns, row, column: indices, value: values }));
    writeFileSync(
      file("skew.mtx"),
      "%%MatrixMarket matrix coordinate real general\n2 2 3\n1 1 2\n2 2 2\n1 2 1\n",
    );
    writeFileSync(file("b.csv"), Array.from({ length: 16 }, (_, i) => i).join("\n"));
  });

  it("solves a grid by learned directions, and compares methods", async () => {
    const out = file("u/u.npy");
    const how = ["--spacing", String(h), "--method", "cg,ic-cg,multigrid,multigrid-cg,dcdm", "--out", out];
    const { code, text } = await poisson(file("f.npy"), ...how, "--json");
    expect(code, text).toBe(0);
    const { methods } = JSON.parse(text) as {
      methods: { method: string; status: string; iterations: number; residuals: number[] }[];
    };
    expect(methods.map((m) => m.status)).toEqual(methods.map(() => "converged"));
    for (const { residuals, iterations } of methods) {
      expect(residuals).toHaveLength(iterations + 1);
      expect(residuals.at(-1)).toBeLessThanOrEqual(1e-6);
    }
    const u = parseNpy(readFileSync(out), out);
    expect(u.shape).toEqual([n, n]);
    wave.forEach((v, i) => expect(u.data[i]).toBeCloseTo(v, 2));
  });

  it("solves in space, and says so to a person", async () => {
    const { code, text } = await poisson(file("cube.npy"), "--memory", "3");
    expect(code, text).toBe(0);
    expect(text).toMatch(/grid of 8 × 8 × 8, 0 solid/);
    expect(text).toMatch(/method +status +iterations +residual/);
    expect(text).toMatch(/dcdm +converged +\d+/);
  });

  it("takes empty cells for solids, and writes them so", async () => {
    const out = file("u.csv");
    const { code, text } = await poisson(
      file("odd.csv"),
      "--walls",
      "neumann",
      "--method",
      "cg",
      "--out",
      out,
    );
    expect(code, text).toBe(0);
    expect(text).toMatch(/grid of 4 × 3, 2 solid/);
    const lines = readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(",").map(Number));
    expect(lines[1]![1]).toBeNaN();
    expect(lines[3]!.every((v) => v > 0)).toBe(true);
  });

  it("solves a matrix of one's own", async () => {
    const { code, text } = await poisson(
      file("a.mtx"),
      "--rhs",
      file("b.csv"),
      "--method",
      "ic-cg",
      "--json",
    );
    expect(code, text).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      unknowns: 16,
      methods: [{ method: "ic-cg", status: "converged" }],
    });
  });

  it.each([
    [["line.npy"], /line\.npy: want a grid of 2 or 3 axes, got \[1024\]/],
    [["odd.csv"], /even sides, got 4 × 3; --method multigrid-cg/],
    [["a.mtx"], /cg or ic-cg for a matrix, got dcdm/],
    [["skew.mtx", "--method", "cg"], /a symmetric matrix/],
    [["a.mtx", "--method", "cg", "--rhs", "f.npy"], /16 numbers, got 1024/],
    [["f.npy", "--method", "lu"], /--method: want cg, ic-cg/],
    [["f.npy", "--out", "u.png"], /--out: want a \.csv or \.npy file/],
  ])("answers %j with an error", async ([name, ...rest], words) => {
    const args = rest.map((arg) => (arg === "f.npy" ? file(arg) : arg));
    const { code, text } = await poisson(file(name!), ...args);
    expect(code, text).toBe(2);
    expect(text).toMatch(words);
  });
});
