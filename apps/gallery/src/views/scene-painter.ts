// Scenes on a plain canvas, from back to front: for browsers without WebGL.
import type { SceneView } from "fluxion/demo";
import type { Surface } from "./canvas.js";
import { colourOf, cssOf } from "./colours.js";
import {
  boxEdges,
  boxOf,
  seriesOf,
  seriesOfPath,
  vertexColours,
  type Point,
  type Projection,
} from "./scene-space.js";

/** Something to fill or stroke, at its depth. */
interface Piece {
  readonly depth: number;
  readonly paint: (context: CanvasRenderingContext2D) => void;
}

/** Draws a scene as seen through `project`. */
export function paintScene(surface: Surface, view: SceneView, project: Projection): void {
  const { context, colour } = surface;
  const box = boxOf(view);
  const at = (from: Float32Array, i: number): [number, number, number] =>
    project([0, 1, 2].map((k) => (from[3 * i + k]! - box.centre[k]!) * box.scale[k]!) as unknown as Point);
  const pieces: Piece[] = [];

  (view.meshes ?? []).forEach((mesh, m) => {
    const colours = vertexColours(view, mesh, mesh.positions.length / 3, seriesOf(view, m), colour);
    const seen = Array.from({ length: mesh.positions.length / 3 }, (_, i) => at(mesh.positions, i));
    for (let t = 0; t < mesh.triangles.length; t += 3) {
      const ids = [mesh.triangles[t]!, mesh.triangles[t + 1]!, mesh.triangles[t + 2]!] as const;
      const [a, b, c] = [seen[ids[0]]!, seen[ids[1]]!, seen[ids[2]]!];
      const light = lightness(a, b, c, surface.width);
      const mean = (k: number): number => light * ids.reduce((sum, i) => sum + colours[3 * i + k]! / 3, 0);
      const fill = cssOf([mean(0), mean(1), mean(2)]);
      pieces.push({
        depth: (a[2] + b[2] + c[2]) / 3,
        paint: (on) => {
          on.globalAlpha = mesh.opacity ?? 1;
          on.fillStyle = on.strokeStyle = fill;
          on.lineWidth = 0.6;
          on.beginPath();
          on.moveTo(a[0], a[1]);
          on.lineTo(b[0], b[1]);
          on.lineTo(c[0], c[1]);
          on.closePath();
          on.fill();
          // Without a line of its own the seams between triangles show.
          on.stroke();
        },
      });
    }
  });
  (view.points ?? []).forEach((cloud, p) => {
    const n = cloud.positions.length / 3;
    const colours = vertexColours(view, cloud, n, seriesOf(view, (view.meshes ?? []).length + p), colour);
    const size = (cloud.size ?? 0.015) * 0.45 * surface.width;
    for (let i = 0; i < n; i++) {
      const [x, y, depth] = at(cloud.positions, i);
      const fill = cssOf([colours[3 * i]!, colours[3 * i + 1]!, colours[3 * i + 2]!]);
      pieces.push({ depth, paint: (on) => disc(on, x, y, size / 2, fill) });
    }
  });
  (view.paths ?? []).forEach(({ points, count = 1 }, p) => {
    const stroke = colour(colourOf(seriesOfPath(view, p)));
    for (let i = count; i < points.length / 3; i++) {
      const [a, b] = [at(points, i - count), at(points, i)];
      // A path lies upon what it touches.
      const depth = (a[2] + b[2]) / 2 - 0.01;
      pieces.push({ depth, paint: (on) => line(on, a, b, stroke, 2.4) });
    }
    for (let i = Math.max(0, points.length / 3 - count); i < points.length / 3; i++) {
      const [x, y, depth] = at(points, i);
      pieces.push({ depth: depth - 0.02, paint: (on) => disc(on, x, y, 4, stroke) });
    }
  });
  for (const [a, b] of boxEdges(box)) line(context, project(a), project(b), colour("--line"), 1);
  pieces.sort((a, b) => b.depth - a.depth);
  for (const piece of pieces) piece.paint(context);
  context.globalAlpha = 1;
}

/** 1 for a triangle that faces the eye, less the more it is turned away. */
function lightness(a: readonly number[], b: readonly number[], c: readonly number[], width: number): number {
  const u = [b[0]! - a[0]!, b[1]! - a[1]!, (b[2]! - a[2]!) * width];
  const v = [c[0]! - a[0]!, c[1]! - a[1]!, (c[2]! - a[2]!) * width];
  const n = [
    u[1]! * v[2]! - u[2]! * v[1]!,
    u[2]! * v[0]! - u[0]! * v[2]!,
    u[0]! * v[1]! - u[1]! * v[0]!,
  ] as const;
  return 0.6 + (0.4 * Math.abs(n[2])) / (Math.hypot(...n) || 1);
}

function disc(on: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string): void {
  on.globalAlpha = 1;
  on.fillStyle = fill;
  on.beginPath();
  on.arc(x, y, radius, 0, 7);
  on.fill();
}

function line(
  on: CanvasRenderingContext2D,
  a: readonly number[],
  b: readonly number[],
  stroke: string,
  width: number,
): void {
  on.globalAlpha = 1;
  on.strokeStyle = stroke;
  on.lineWidth = width;
  on.beginPath();
  on.moveTo(a[0]!, a[1]!);
  on.lineTo(b[0]!, b[1]!);
  on.stroke();
}
