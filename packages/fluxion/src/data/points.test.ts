import { describe, expect, it } from "vitest";
import { OptionError } from "../core/errors.js";
import { type PointSetName, pointSetNames, samplePoints } from "./points.js";
import { seededUniform } from "./seeded.js";

const draw = (name: PointSetName, n: number, seed = 0, noise?: number) =>
  samplePoints(name, n, seededUniform(seed), noise === undefined ? {} : { noise });

it("knows the seven sets", () => {
  expect(pointSetNames).toEqual([
    ...["moons", "checkerboard", "spirals", "rings", "eight-gaussians", "pinwheel", "swiss-roll"],
  ]);
});

describe.each(pointSetNames)("%s", (name) => {
  it("gives float32 [N, 2], the same for the same seed", () => {
    const points = draw(name, 50);
    expect(points.shape).toEqual([50, 2]);
    expect(points.data).toBeInstanceOf(Float32Array);
    expect(draw(name, 50)).toEqual(points);
    expect(draw(name, 50, 1)).not.toEqual(points);
    expect(draw(name, 0).shape).toEqual([0, 2]);
  });

  it.each([undefined, 0, 0.3])("has mean 0 and mean square 1 a coordinate with noise %s", (noise) => {
    const n = 40_000;
    const { data } = draw(name, n, 2, noise);
    let [x, y, square] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      x += data[2 * i]! / n;
      y += data[2 * i + 1]! / n;
      square += (data[2 * i]! ** 2 + data[2 * i + 1]! ** 2) / (2 * n);
    }
    expect(Math.abs(x)).toBeLessThan(0.03);
    expect(Math.abs(y)).toBeLessThan(0.03);
    expect(Math.abs(square - 1)).toBeLessThan(0.03);
  });
});

describe("shape", () => {
  const pairs = (name: PointSetName) => {
    const { data } = draw(name, 500, 3, 0);
    return Array.from({ length: 500 }, (_, i) => [data[2 * i]!, data[2 * i + 1]!] as const);
  };

  it("checkerboard: only dark squares, all eight of them", () => {
    const scale = Math.sqrt(4 / 3);
    const squares = pairs("checkerboard").map(([x, y]) => [
      Math.floor(x * scale) + 2,
      Math.floor(y * scale) + 2,
    ]);
    for (const [column, row] of squares) expect((column! + row!) % 2).toBe(0);
    expect(new Set(squares.map(String)).size).toBe(8);
  });

  it("rings: four radii; eight-gaussians: eight places", () => {
    const radii = pairs("rings").map(([x, y]) => Math.hypot(x, y).toFixed(3));
    expect(new Set(radii).size).toBe(4);
    const places = pairs("eight-gaussians").map(([x, y]) => Math.round(Math.atan2(y, x) / (Math.PI / 4)) & 7);
    expect(new Set(places).size).toBe(8);
  });

  it("spirals: the radius grows with the angle, in two branches", () => {
    const unit = 2; // 1 / sqrt(spread / 2)
    for (const [x, y] of pairs("spirals")) {
      const radius = Math.hypot(x, y) / unit;
      const turn = Math.atan2(y, x) - 3 * Math.PI * radius;
      expect(Math.abs(Math.sin(turn))).toBeLessThan(1e-4);
    }
  });
});

it("refuses unknown names, counts, noises and options", () => {
  const uniform = seededUniform(0);
  expect(() => samplePoints("moon" as PointSetName, 1, uniform)).toThrow(/want one of moons, .*got moon/);
  expect(() => samplePoints("toString" as PointSetName, 1, uniform)).toThrow(OptionError);
  expect(() => samplePoints("moons", -1, uniform)).toThrow(OptionError);
  expect(() => samplePoints("moons", 1, uniform, { noise: NaN })).toThrow(OptionError);
  expect(() => samplePoints("moons", 1, uniform, { sigma: 1 } as object)).toThrow(OptionError);
});
