import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tensor } from "../../../core/tensor.js";
import { encodeNpy } from "../../../data/npy.js";
import { seededUniform } from "../../../data/seeded.js";
import { importOnnx } from "../../../onnx/import.js";
import { predictBoosted, scoreBoosted, type BoostedModel } from "../../../solve/boosting/fit.js";
import { runCommand } from "../../../testing/run-command.js";

const folder = mkdtempSync(path.join(tmpdir(), "fluxion-boost-"));
const file = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const boost = (...args: string[]) => runCommand("solve", "boost", ...args);

describe("fluxion solve boost", () => {
  const uniform = seededUniform(1);
  const rows = Array.from({ length: 90 }, () => [6 * uniform() - 3, uniform()]);
  const kinds = ["low", "middle", "high"];
  beforeAll(() => {
    const numbers = rows.map(([a, b]) => [a, 100 + 10 * Math.abs(a!), b].join(","));
    writeFileSync(file("numbers.csv"), `size,price,noise\n${numbers.join("\n")}\n`);
    const classes = rows.map(([a, b]) => `${a},${b},${kinds[Math.floor((a! + 3) / 2.001)]}`);
    writeFileSync(file("classes.csv"), `${classes.join("\n")}\n`);
    const data = Float32Array.from(rows.flatMap(([a, b]) => [a! > 0 ? 1 : 0, a!, b!]));
    writeFileSync(file("table.npy"), encodeNpy({ data, shape: [90, 3] }));
  });
  const json = async (...args: string[]) => {
    const { code, text } = await boost(...args, "--json");
    expect(code, text).toBe(0);
    return JSON.parse(text) as { prefixes: { units: number; holdout?: number }[] } & Record<string, unknown>;
  };

  it("fits numbers, judges prefixes, and writes a model", async () => {
    const out = file("model/numbers.json");
    const how = ["--target", "price", "--units", "40", "--rate", "0.3", "--out", out];
    const result = await json(file("numbers.csv"), ...how);
    expect(result).toMatchObject({ task: "regression", rows: 90, units: 40, measure: "r2", out });
    expect(result.prefixes.map((p) => p.units)).toEqual([4, 10, 20, 40]);
    expect(result.prefixes.at(-1)!.holdout).toBeGreaterThan(0.9);
    const { model, columns } = JSON.parse(readFileSync(out, "utf8")) as {
      model: BoostedModel;
      columns: string[];
    };
    expect(columns).toEqual(["size", "noise"]);
    const [answer] = predictBoosted(model, { data: Float64Array.of(2, 0.5), shape: [1, 2] });
    expect(Math.abs(answer! - 120)).toBeLessThan(5);
    expect(await json(file("numbers.csv"), ...how)).toEqual(result);
  });

  it("fits three classes by name, and says so to a person; the ONNX file gives the scores", async () => {
    const [out, plain] = [file("classes.onnx"), file("classes.json")];
    const how = ["--units", "12", "--units-per-step", "2", "--rate", "0.5"];
    const { code, text } = await boost(file("classes.csv"), ...how, "--out", out);
    expect(code, text).toBe(0);
    expect(text).toMatch(/90 rows, 2 features; classification of column -1/);
    expect(text).toMatch(/units +accuracy, training +accuracy, test/);
    expect((await boost(file("classes.csv"), ...how, "--out", plain)).code).toBe(0);
    const saved = JSON.parse(readFileSync(plain, "utf8")) as { model: BoostedModel; classNames: string[] };
    expect(saved.classNames).toEqual(["high", "low", "middle"]);
    const { apply, params } = importOnnx(readFileSync(out));
    const x = Float32Array.of(-2.5, 0.1, 2.5, 0.9);
    const [scores] = apply(params, tensor(x, { shape: [2, 2] }));
    const want = scoreBoosted(saved.model, { data: x, shape: [2, 2] }).data;
    const got = await scores!.data();
    want.forEach((v, i) => expect(Number(got[i])).toBeCloseTo(v, 3));
  });

  it("takes few different numbers for classes, unless told otherwise", async () => {
    const how = ["--target", "0", "--units", "4"];
    expect((await json(file("table.npy"), ...how))["task"]).toBe("classification");
    expect((await json(file("table.npy"), ...how, "--task", "regression", "--holdout", "0"))["task"]).toBe(
      "regression",
    );
  });

  it.each([
    [["numbers.csv", "--target", "cost"], /label one of the columns/],
    [["classes.csv", "--task", "regression"], /want numbers, got "\w+" among 3 values/],
    [["numbers.csv", "--out", "x.pt"], /--out: want a \.json or \.onnx file/],
  ])("answers %j with an error", async ([name, ...rest], words) => {
    const { code, text } = await boost(file(name!), ...rest);
    expect(code).toBe(2);
    expect(text).toMatch(words);
  });
});
