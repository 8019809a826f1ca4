import type { HeatmapView, SceneView } from "fluxion/demo";
import { describe, expect, it } from "vitest";
import { mix, rangeOf, rgbOf, shareOf, stopsOf } from "./colours.js";
import { boxEdges, boxOf, edgeOf, sceneRange, seriesOf, seriesOfPath, vertexColours } from "./scene-space.js";
import { heightAt, surfaceOf } from "./surface.js";
import { axisRange, logLabel, logTicks, niceTicks, tickLabel } from "./ticks.js";

describe("ticks", () => {
  it("are round and within the axis, either way round", () => {
    expect(niceTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(500, 0, 5)).toEqual([0, 100, 200, 300, 400, 500]);
    expect(niceTicks(-0.6, 1.5, 5)).toEqual([-0.5, 0, 0.5, 1, 1.5]);
    expect(niceTicks(1, 1)).toEqual([]);
    expect(niceTicks(NaN, 1)).toEqual([]);
  });
  it("of a logarithmic axis are powers of ten, or 1, 2 and 5 within one", () => {
    expect(logTicks(1e-3, 1, 6)).toEqual([1e-3, 1e-2, 0.1, 1]);
    expect(logTicks(1e-12, 1, 6)).toEqual([1e-12, 1e-9, 1e-6, 1e-3, 1]);
    expect(logTicks(0.2, 0.9)).toEqual([0.2, 0.5]);
    expect(logTicks(1.2, 1.8, 3)).toEqual([1.2, 1.4, 1.6, 1.8]);
  });
  it("are written briefly", () => {
    expect([0, 0.25, -1.5, 1000, 12_345, 1e-3, 2.1e-29, -1e-6, 1e7].map(tickLabel)).toEqual(
      ["0", "0.25", "−1.5", "1000", "12,345", "0.001", "2.1·10⁻²⁹", "−10⁻⁶", "10⁷"], // prettier-ignore
    );
    expect([1e-6, 1e-3, 1].map((v, _, all) => logLabel(v, all))).toEqual(["10⁻⁶", "10⁻³", "10⁰"]);
    expect([1, 10].map((v, _, all) => logLabel(v, all))).toEqual(["1", "10"]);
  });
});

describe("the range of an axis", () => {
  it("ends on round numbers, and stays while the values grow a little", () => {
    expect(axisRange(0.12, 0.93)).toEqual([0, 1]);
    expect(axisRange(0.12, 0.97)).toEqual([0, 1]);
    expect(axisRange(3, 3)[0]).toBeLessThan(3);
  });
  it("keeps the ends that are known beforehand", () => {
    expect(axisRange(0, 17, { max: 120 })).toEqual([0, 120]);
    expect(axisRange(0.2, 0.3, { min: 0, max: 1 })).toEqual([0, 1]);
    expect(axisRange(NaN, NaN, { min: 0, max: 7 })).toEqual([0, 7]);
    expect(axisRange(-0.4, 1.2, { min: 0, max: 1 })).toEqual([-0.5, 1.5]);
    expect(axisRange(-0.02, 1.03, { min: 0, max: 1 })).toEqual([-0.02, 1.03]);
  });
  it("of a logarithmic axis is never empty by a decade", () => {
    expect(axisRange(2e-5, 0.4, { logarithmic: true })).toEqual([1e-5, 1]);
    const [low, high] = axisRange(1.2, 1.7, { logarithmic: true });
    expect(low).toBeGreaterThanOrEqual(1);
    expect(high).toBeLessThan(2);
    expect(axisRange(NaN, NaN, { logarithmic: true })).toEqual([0.1, 1]);
  });
});

describe("colours of values", () => {
  it("run over all stops and stay within", () => {
    const stops = stopsOf(false, [0, 0, 0]);
    expect(mix(stops, -1)).toEqual([...stops[0]!]);
    expect(mix(stops, 2)).toEqual([...stops.at(-1)!]);
    expect(mix(stops, NaN)).toEqual([...stops[0]!]);
    expect(mix(stops, 0.25)).toEqual([...stops[1]!]);
    expect(rgbOf("#0a14ff")).toEqual([10, 20, 255]);
    expect(rgbOf("#0af")).toEqual([0, 170, 255]);
  });
  it("with signs are the same both ways, 0 in the middle", () => {
    const range = rangeOf([Float32Array.of(-1, 3, NaN)], { signed: true });
    expect(range).toEqual([-3, 3]);
    expect(mix(stopsOf(true, [1, 2, 3]), shareOf(0, range))).toEqual([1, 2, 3]);
    expect(rangeOf([new Float32Array(0)], {})).toEqual([0, 1]);
    expect(shareOf(5, [5, 5])).toBe(0.5);
  });
});

/** x + 10 y on [0, 2] × [0, 1], exact for a linear interpolation. */
const plane: HeatmapView = {
  ...{ kind: "heatmap", title: "plane", shape: [2, 3], label: "f" },
  values: Float32Array.of(10, 11, 12, 0, 1, 2),
  ...{ x: { label: "x", min: 0, max: 2 }, y: { label: "y", min: 0, max: 1 } },
  paths: [{ name: "way", points: Float32Array.of(0, 0, 2, 1, 5, 1) }],
};

describe("a map as a surface", () => {
  it("has the map's heights, between its grid points too", () => {
    expect(heightAt(plane, 2, 1)).toBe(12);
    expect(heightAt(plane, 0.5, 0.25)).toBeCloseTo(3, 6);
    expect(heightAt(plane, 9, -1)).toBe(2);
  });
  it("has a vertex a value and two triangles a cell, wound to face upward", () => {
    const { meshes, axes, sides } = surfaceOf(plane);
    const { positions, triangles } = meshes![0]!;
    expect(positions.length).toBe(18);
    expect([...positions.subarray(0, 3)]).toEqual([0, 1, 10]);
    expect(triangles.length).toBe(12);
    for (let t = 0; t < 12; t += 3) {
      const at = (k: number, axis: number): number => positions[3 * triangles[t + k]! + axis]!;
      const side = (k: number, axis: number): number => at(k, axis) - at(0, axis);
      const turn = side(1, 0) * side(2, 1) - side(1, 1) * side(2, 0);
      expect(turn).toBeGreaterThan(0);
    }
    expect(axes[2]).toEqual({ label: "f", min: 0, max: 12 });
    expect(sides).toEqual([1, 1, 0.6]);
  });
  it("carries the paths as far as it reaches, lying on it between their corners", () => {
    const { points } = surfaceOf(plane).paths![0]!;
    expect([...points.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect([...points.subarray(-3)]).toEqual([2, 1, 12]);
    expect(points.length).toBeGreaterThan(6);
    for (let i = 0; i < points.length; i += 3)
      expect(points[i + 2]).toBeCloseTo(points[i]! + 10 * points[i + 1]!, 5);
  });
});

const scene: SceneView = {
  ...{ kind: "scene", title: "s" },
  axes: [
    { min: 0, max: 4 },
    { min: -1, max: 1 },
    { min: 0, max: 2 },
  ],
  meshes: [
    { name: "plain", positions: new Float32Array(9), triangles: Uint32Array.of(0, 1, 2) },
    {
      ...{ name: "valued", positions: new Float32Array(9), triangles: Uint32Array.of(0, 1, 2) },
      values: Float32Array.of(0, 1, 2),
    },
  ],
  points: [{ name: "own", positions: new Float32Array(3), colours: Uint8Array.of(1, 2, 3) }],
};

describe("the space of a scene", () => {
  it("keeps proportions unless sides are given", () => {
    expect(boxOf(scene)).toEqual({ centre: [2, 0, 1], scale: [0.25, 0.25, 0.25], half: [0.5, 0.25, 0.25] });
    const cube = boxOf({ ...scene, sides: [1, 1, 1] });
    expect(cube.half).toEqual([0.5, 0.5, 0.5]);
    expect(cube.scale).toEqual([0.25, 0.5, 0.5]);
    expect(boxEdges(cube)).toHaveLength(12);
  });
  it("colours vertices by their own colour, their value, or the theme", () => {
    const colour = (): string => "#102030";
    const [plain, valued] = scene.meshes!;
    expect([...vertexColours(scene, scene.points![0]!, 1, 0, colour)]).toEqual([1, 2, 3]);
    expect([...vertexColours(scene, plain!, 1, 0, colour)]).toEqual([16, 32, 48]);
    const shades = vertexColours(scene, valued!, 3, 0, colour);
    expect([...shades.subarray(0, 3)]).toEqual([...stopsOf(false, [0, 0, 0])[0]!]);
    expect(sceneRange(scene)).toEqual([0, 2]);
    expect([seriesOf(scene, 0), seriesOf(scene, 1), seriesOfPath(scene, 0)]).toEqual([0, 1, 1]);
  });
  it("labels the lowest edges, and the leftmost of the upright ones", () => {
    const box = boxOf({ ...scene, sides: [1, 1, 1] });
    // Seen from the front and a little above, pixels growing downward.
    const edge = (axis: number) => edgeOf(axis, 2, box, ([x, y, z]) => [x, -z - 0.2 * y, y]);
    expect(edge(0)).toEqual([
      [-0.5, -0.5, -0.5],
      [0.5, -0.5, -0.5],
    ]);
    expect(edge(2)[0][0]).toBe(-0.5);
  });
});
