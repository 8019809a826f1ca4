import { expect, it } from "vitest";
import { facesOf, fieldView } from "./fields.js";
import { solidOf } from "./problems.js";

it("shows a field in the plane as a map with holes where solids are", () => {
  const view = fieldView("f", Float64Array.of(1, -2, 3, 4), Uint8Array.of(0, 0, 1, 0), 2);
  expect(view).toMatchObject({ kind: "heatmap", shape: [2, 2], signed: true });
  expect(view).toHaveProperty("values", Float32Array.of(1, -2, NaN, 4));
});

it("shows a field in space as the cells with much in them, at their middles, and its solids as a mesh", () => {
  const field = new Float64Array(27);
  [field[0], field[5], field[13], field[26]] = [8, -4, 9, 0.5];
  const solid = new Uint8Array(27);
  solid[13] = 1;
  const view = fieldView("f", field, solid, 3);
  if (view.kind !== "scene") throw new Error(`want a scene, got ${view.kind}`);
  expect([...view.points![0]!.positions]).toEqual([0.5, 0.5, 0.5, 2.5, 1.5, 0.5]);
  expect([...view.points![0]!.values!]).toEqual([8, -4]);
  expect(view.meshes).toHaveLength(1);
  expect(fieldView("f", field, new Uint8Array(27), 3)).toHaveProperty("meshes", []);
});

it("walls solids in where they end, at the rim of the grid too", () => {
  const solid = new Uint8Array(27);
  solid[13] = 1;
  const one = facesOf(solid, 3);
  expect([one.positions.length / 3, one.triangles.length / 3]).toEqual([24, 12]);
  expect(Math.max(...one.positions)).toBe(2);
  expect(Math.min(...one.positions)).toBe(1);
  solid[14] = 1;
  expect(facesOf(solid, 3).triangles.length / 6).toBe(10);
  expect(facesOf(new Uint8Array(8).fill(1), 2).triangles.length / 6).toBe(24);
});

it("has the same solids in space as in the plane, at half the height", () => {
  const n = 32;
  for (const kind of ["disc", "bars", "none"] as const) {
    const [flat, space] = [solidOf(kind, n), solidOf(kind, n, 3)];
    const half = n * n * (n / 2);
    expect([...space.subarray(half, half + n * n)]).toEqual([...flat]);
  }
});
