// Fields over the cells of a grid as the demo shows them: a map in the plane, a cloud of cells in space.
import type { SceneView, View } from "fluxion/demo";

/** Cells with less than this part of the largest value are left out in space: one looks through them. */
const least = 0.25;

/** A field on a grid of `n` cells an axis, in the plane or in space. @param solid 1 where there is no field */
export function fieldView(title: string, field: Float64Array, solid: Uint8Array, n: number): View {
  if (field.length === n * n) {
    return {
      ...{ kind: "heatmap", title, shape: [n, n], signed: true },
      values: Float32Array.from(field, (v, i) => (solid[i] ? NaN : v)),
      ...{ x: { min: 0, max: n }, y: { min: n, max: 0 } },
    };
  }
  const largest = field.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const cells = [...field.keys()].filter((i) => !solid[i] && Math.abs(field[i]!) > least * largest);
  const span = { min: 0, max: n };
  return {
    ...{ kind: "scene", title, signed: true, axes: [span, span, span], range: [-largest, largest] },
    meshes: solid.some(Boolean) ? [solidMesh(solid, n)] : [],
    points: [
      {
        ...{ name: "cells", size: 0.5 / n },
        positions: Float32Array.from(cells.flatMap((i) => placeOf(i, n).map((v) => v + 0.5))),
        values: Float32Array.from(cells, (i) => field[i]!),
      },
    ],
  };
}

/** Grey in both themes. */
function solidMesh(solid: Uint8Array, n: number) {
  const faces = facesOf(solid, n);
  return { name: "solid", ...faces, colours: new Uint8Array(faces.positions.length).fill(140) };
}

/** Column, row and layer of a cell, the column running fastest. */
const placeOf = (i: number, n: number): [number, number, number] => [
  i % n,
  Math.floor(i / n) % n,
  Math.floor(i / n ** 2),
];

type Faces = Pick<NonNullable<SceneView["meshes"]>[number], "positions" | "triangles">;

/** The faces between solid cells and all others. @param solid uint8 [n³] */
export function facesOf(solid: Uint8Array, n: number): Faces {
  const positions: number[] = [];
  const triangles: number[] = [];
  for (let i = 0; i < solid.length; i++) {
    if (!solid[i]) continue;
    const place = placeOf(i, n);
    for (const [axis, stride] of [1, n, n * n].entries()) {
      for (const side of [0, 1]) {
        const beside = place[axis]! + 2 * side - 1;
        if (beside >= 0 && beside < n && solid[i + (2 * side - 1) * stride]) continue;
        const first = positions.length / 3;
        for (const [u, v] of [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ] as const) {
          const corner = [...place];
          corner[axis]! += side;
          corner[(axis + 1) % 3]! += u;
          corner[(axis + 2) % 3]! += v;
          positions.push(...corner);
        }
        triangles.push(first, first + 1, first + 2, first, first + 2, first + 3);
      }
    }
  }
  return { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles) };
}
