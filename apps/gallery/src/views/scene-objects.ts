// The things of a scene as objects of three.js, whose buffers are written anew in place when a view changes.
import type { SceneView } from "fluxion/demo";
import {
  BufferAttribute,
  BufferGeometry,
  CanvasTexture,
  DoubleSide,
  DynamicDrawUsage,
  Group,
  InstancedInterleavedBuffer,
  InterleavedBufferAttribute,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshLambertMaterial,
  Points,
  PointsMaterial,
  type Material,
  type Object3D,
} from "three";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import { LineSegments2 } from "three/addons/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/addons/lines/LineSegmentsGeometry.js";
import { colourOf } from "./colours.js";
import { boxEdges, boxOf, seriesOf, seriesOfPath, vertexColours } from "./scene-space.js";

/** Of the camera, degrees from the bottom to the top of the picture. */
export const fieldOfView = 30;

type Colour = (name: string) => string;

/** One of a scene's things. */
interface Thing {
  readonly objects: readonly Object3D[];
  readonly update: (view: SceneView, colour: Colour) => void;
  readonly dispose: () => void;
}

/** All that a scene shows, in the units of its box. */
export interface SceneObjects {
  readonly root: Group;
  readonly update: (view: SceneView, colour: Colour) => void;
  readonly dispose: () => void;
}

/** The objects of a scene, empty until its first view. */
export function sceneObjects(): SceneObjects {
  const root = new Group();
  /** In the scene's own units. */
  const inside = new Group();
  const frame = boxFrame();
  root.add(frame.objects[0]!, inside);
  const disc = discTexture();
  const things = new Map<string, Thing>();

  const thing = (key: string, make: () => Thing): void => {
    if (things.has(key)) return;
    const made = make();
    things.set(key, made);
    inside.add(...made.objects);
  };
  return {
    root,
    update(view, colour) {
      const { centre, scale } = boxOf(view);
      inside.scale.set(...scale);
      inside.position.set(-centre[0] * scale[0], -centre[1] * scale[1], -centre[2] * scale[2]);
      const kept = new Set<string>();
      const all = [
        ...(view.meshes ?? []).map((_, i) => [`mesh ${i}`, () => meshThing(i)] as const),
        ...(view.points ?? []).map((_, i) => [`points ${i}`, () => cloudThing(i, disc)] as const),
        ...(view.paths ?? []).map((_, i) => [`path ${i}`, () => pathsThing(i, disc)] as const),
      ];
      for (const [key, make] of all) {
        kept.add(key);
        thing(key, make);
      }
      for (const [key, old] of things) {
        if (kept.has(key)) continue;
        inside.remove(...old.objects);
        old.dispose();
        things.delete(key);
      }
      frame.update(view, colour);
      for (const one of things.values()) one.update(view, colour);
    },
    dispose() {
      for (const one of [frame, ...things.values()]) one.dispose();
      disc.dispose();
    },
  };
}

function boxFrame(): Thing {
  const geometry = new BufferGeometry();
  const material = new LineBasicMaterial();
  return {
    objects: [unculled(new LineSegments(geometry, material))],
    update(view, colour) {
      fill(geometry, "position", Float32Array.from(boxEdges(boxOf(view)).flat(2)));
      material.color.set(colour("--line"));
    },
    dispose: disposer(geometry, material),
  };
}

function meshThing(index: number): Thing {
  const geometry = new BufferGeometry();
  // Pushed back a little, so that paths upon it are seen.
  const material = new MeshLambertMaterial({
    ...{ vertexColors: true, side: DoubleSide },
    ...{ polygonOffset: true, polygonOffsetFactor: 2, polygonOffsetUnits: 2 },
  });
  return {
    objects: [unculled(new Mesh(geometry, material))],
    update(view, colour) {
      const mesh = view.meshes![index]!;
      const { positions, triangles, opacity = 1 } = mesh;
      const moved = fill(geometry, "position", positions);
      const connected = fillIndex(geometry, triangles);
      if (moved || connected) geometry.computeVertexNormals();
      paint(geometry, vertexColours(view, mesh, positions.length / 3, seriesOf(view, index), colour));
      material.opacity = opacity;
      material.transparent = opacity < 1;
      material.depthWrite = opacity === 1;
    },
    dispose: disposer(geometry, material),
  };
}

function cloudThing(index: number, disc: CanvasTexture): Thing {
  const geometry = new BufferGeometry();
  const material = new PointsMaterial({ vertexColors: true, map: disc, alphaTest: 0.5 });
  return {
    objects: [unculled(new Points(geometry, material))],
    update(view, colour) {
      const cloud = view.points![index]!;
      const n = cloud.positions.length / 3;
      fill(geometry, "position", cloud.positions);
      paint(
        geometry,
        vertexColours(view, cloud, n, seriesOf(view, (view.meshes ?? []).length + index), colour),
      );
      geometry.setDrawRange(0, n);
      // three.js takes a size as if the view were as wide as it is far away.
      material.size = (cloud.size ?? 0.015) / Math.tan((fieldOfView * Math.PI) / 360);
    },
    dispose: disposer(geometry, material),
  };
}

/** Lines, faint where something hides them, with a dot at each end. */
function pathsThing(index: number, disc: CanvasTexture): Thing {
  let lines = new LineSegmentsGeometry();
  const seen = new LineMaterial({ linewidth: 2.4 });
  const hidden = new LineMaterial({ linewidth: 1.6, transparent: true, opacity: 0.3, depthTest: false });
  const both = [unculled(new LineSegments2(lines, hidden)), unculled(new LineSegments2(lines, seen))];
  const tips = new BufferGeometry();
  const dot = new PointsMaterial({ size: 9, sizeAttenuation: false, map: disc, alphaTest: 0.5 });
  return {
    objects: [...both, unculled(new Points(tips, dot))],
    update(view, colour) {
      const { points, count = 1 } = view.paths![index]!;
      const own = colour(colourOf(seriesOfPath(view, index)));
      for (const material of [seen, hidden, dot]) material.color.set(own);
      const steps = Math.max(0, points.length / 3 / count - 1);
      const room = lines.getAttribute("instanceStart")?.count ?? 0;
      if (room < steps * count) {
        lines.dispose();
        lines = new LineSegmentsGeometry();
        const buffer = new InstancedInterleavedBuffer(new Float32Array(12 * steps * count), 6, 1);
        buffer.setUsage(DynamicDrawUsage);
        lines.setAttribute("instanceStart", new InterleavedBufferAttribute(buffer, 3, 0));
        lines.setAttribute("instanceEnd", new InterleavedBufferAttribute(buffer, 3, 3));
        for (const line of both) line.geometry = lines;
      }
      lines.instanceCount = steps * count;
      for (const line of both) line.visible = steps > 0;
      if (steps > 0) {
        const { data } = lines.getAttribute("instanceStart") as InterleavedBufferAttribute;
        const array = data.array as Float32Array;
        for (let k = 0; k < steps * count; k++) {
          array.set(points.subarray(3 * k, 3 * k + 3), 6 * k);
          array.set(points.subarray(3 * (k + count), 3 * (k + count) + 3), 6 * k + 3);
        }
        data.needsUpdate = true;
      }
      fill(tips, "position", points.subarray(3 * Math.max(0, steps * count)));
      tips.setDrawRange(0, points.length > 0 ? count : 0);
    },
    dispose() {
      lines.dispose();
      disposer(tips, seen, hidden, dot)();
    },
  };
}

/** What is seen is decided by the eye, not by bounds that every update would have to measure. */
function unculled<Kind extends Object3D>(object: Kind): Kind {
  object.frustumCulled = false;
  return object;
}

const disposer =
  (...parts: (BufferGeometry | Material)[]) =>
  (): void => {
    for (const part of parts) part.dispose();
  };

/** Writes vertices in threes into an attribute, a longer one if they do not fit. @returns whether anything changed */
function fill(geometry: BufferGeometry, name: string, values: Float32Array): boolean {
  const old = geometry.getAttribute(name) as BufferAttribute | undefined;
  if (old && old.array.length >= values.length) {
    if (values.every((v, i) => old.array[i] === v)) return false;
    old.array.set(values);
    old.needsUpdate = true;
    return true;
  }
  // The one that is too short is freed with all others; they are sent again when next drawn.
  geometry.dispose();
  const array = new Float32Array(old ? 2 * values.length : values.length);
  array.set(values);
  geometry.setAttribute(name, new BufferAttribute(array, 3).setUsage(DynamicDrawUsage));
  return true;
}

function fillIndex(geometry: BufferGeometry, triangles: Uint32Array): boolean {
  geometry.setDrawRange(0, triangles.length);
  const old = geometry.getIndex();
  if (old && old.array.length >= triangles.length) {
    if (triangles.every((v, i) => old.array[i] === v)) return false;
    old.array.set(triangles);
    // Triangles of one point have no area.
    old.array.fill(0, triangles.length);
    old.needsUpdate = true;
    return true;
  }
  geometry.dispose();
  geometry.setIndex(new BufferAttribute(triangles.slice(), 1).setUsage(DynamicDrawUsage));
  return true;
}

const paint = (geometry: BufferGeometry, colours: Float32Array): void => {
  fill(
    geometry,
    "color",
    colours.map((v) => v / 255),
  );
};

function discTexture(): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#fff";
  context.beginPath();
  context.arc(32, 32, 31, 0, 7);
  context.fill();
  return new CanvasTexture(canvas);
}
