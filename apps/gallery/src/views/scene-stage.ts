// A scene on the page: camera, controls, labels, and a renderer that draws only when something has changed.
import type { SceneView } from "fluxion/demo";
import {
  AmbientLight,
  ColorManagement,
  DirectionalLight,
  LinearSRGBColorSpace,
  PerspectiveCamera,
  Scene,
  TOUCH,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { onThemeChange, type Surface } from "./canvas.js";
import { fieldOfView, sceneObjects } from "./scene-objects.js";
import { paintScene } from "./scene-painter.js";
import { boxOf, edgeOf, type Point, type Projection } from "./scene-space.js";
import { tickLabel } from "./ticks.js";

// Colours are given as they are to be seen, as everywhere else on the page.
ColorManagement.enabled = false;

/** A scene that is being shown. */
export interface SceneStage {
  readonly renderer: "webgl" | "canvas";
  readonly update: (view: SceneView) => void;
  /** Frees the WebGL context and everything in it. */
  readonly dispose: () => void;
}

/** Where the eye is at first, by the axis that points up: the others run to the right and into the distance. */
const eyes: readonly Point[] = [
  [0.8, 0.55, 1],
  [0.55, 0.8, 1],
  [0.55, -1, 0.8],
];
const turn = Math.PI / 24;

/** Shows a scene on a canvas. @param labels lies over the canvas and takes the words at the axes */
export function showScene(canvas: HTMLCanvasElement, labels: HTMLElement, first: SceneView): SceneStage {
  let view = first;
  const up = view.up ?? 2;
  const context = canvas.getContext("webgl2", { antialias: true, alpha: true });
  const renderer = context && new WebGLRenderer({ canvas, context, alpha: true });
  if (renderer) renderer.outputColorSpace = LinearSRGBColorSpace;
  const plain = renderer ? null : canvas.getContext("2d");
  const colour = (name: string): string => getComputedStyle(canvas).getPropertyValue(name).trim();

  const camera = new PerspectiveCamera(fieldOfView, 1, 0.05, 20);
  camera.up.set(...axisVector(up));
  const objects = sceneObjects();
  const scene = new Scene();
  const lamp = new DirectionalLight(0xffffff, 0.5 * Math.PI);
  camera.add(lamp);
  lamp.position.set(-0.4, 0.7, 1);
  scene.add(objects.root, camera, new AmbientLight(0xffffff, 0.55 * Math.PI));

  const controls = new OrbitControls(camera, canvas);
  controls.enablePan = false;
  controls.enableZoom = false;
  controls.enableDamping = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  controls.touches = { ONE: TOUCH.ROTATE, TWO: TOUCH.DOLLY_ROTATE };
  [controls.minDistance, controls.maxDistance] = [0.8, 8];
  // A finger that moves up or down scrolls the page.
  canvas.style.touchAction = "pan-y";

  const home = (): void => {
    const { half } = boxOf(view);
    const radius = Math.hypot(...half);
    const narrow = Math.atan(Math.tan((fieldOfView * Math.PI) / 360) * Math.min(1, camera.aspect));
    camera.position.set(...eyes[up]!).setLength((1.08 * radius) / Math.sin(narrow));
    controls.target.set(0, 0, 0);
    controls.update();
    request();
  };

  let [frame, inSight] = [0, false];
  const request = (): void => {
    if (frame === 0 && inSight) frame = requestAnimationFrame(draw);
  };
  const draw = (): void => {
    frame = 0;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0 || height === 0) return;
    // While the camera comes to rest there is a next frame.
    controls.update();
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    camera.updateMatrixWorld();
    const project = projection(camera, width, height);
    if (renderer) {
      renderer.setPixelRatio(Math.min(devicePixelRatio || 1, 2));
      renderer.setSize(width, height, false);
      renderer.render(scene, camera);
    } else if (plain) {
      const ratio = Math.min(devicePixelRatio || 1, 2);
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      plain.setTransform(ratio, 0, 0, ratio, 0, 0);
      paintScene({ context: plain, width, height, colour } satisfies Surface, view, project);
    }
    placeLabels(labels, view, up, project);
  };

  const redress = (): void => {
    objects.update(view, colour);
    request();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    if (act === "home") home();
    else {
      moveCamera(camera, act);
      controls.update();
      request();
    }
  };
  // The wheel scrolls the page until the picture is taken hold of.
  const hold = (): void => void (controls.enableZoom = true);
  const letGo = (): void => void (controls.enableZoom = false);
  canvas.addEventListener("keydown", onKey);
  canvas.addEventListener("focus", hold);
  canvas.addEventListener("pointerdown", hold);
  canvas.addEventListener("blur", letGo);
  controls.addEventListener("change", request);
  canvas.addEventListener("webglcontextrestored", request);
  const resized = new ResizeObserver(request);
  resized.observe(canvas);
  const seen = new IntersectionObserver(([entry]) => {
    inSight = entry?.isIntersecting ?? true;
    request();
  });
  seen.observe(canvas);
  const unsubscribe = onThemeChange(redress);
  camera.aspect = canvas.clientWidth / canvas.clientHeight || 1;
  redress();
  home();

  return {
    renderer: renderer ? "webgl" : "canvas",
    update(next) {
      if (next === view) return;
      view = next;
      redress();
    },
    dispose() {
      cancelAnimationFrame(frame);
      inSight = false;
      unsubscribe();
      seen.disconnect();
      resized.disconnect();
      controls.dispose();
      canvas.removeEventListener("keydown", onKey);
      canvas.removeEventListener("focus", hold);
      canvas.removeEventListener("pointerdown", hold);
      canvas.removeEventListener("blur", letGo);
      canvas.removeEventListener("webglcontextrestored", request);
      objects.dispose();
      renderer?.dispose();
      // A browser has few contexts; it should not wait for its garbage to be collected.
      renderer?.forceContextLoss();
    },
  };
}

type Move = readonly [aside: number, upward: number, nearer: number];
const keys: Readonly<Record<string, Move | "home" | undefined>> = {
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  ArrowUp: [0, 1, 0],
  ArrowDown: [0, -1, 0],
  "+": [0, 0, 1],
  "=": [0, 0, 1],
  "-": [0, 0, -1],
  "0": "home",
  Home: "home",
};

/** Turns the camera about the middle, or brings it nearer. */
function moveCamera(camera: PerspectiveCamera, [aside, upward, nearer]: Move): void {
  const { position, up } = camera;
  position.applyAxisAngle(up, aside * turn);
  const polar = position.angleTo(up);
  const tilt = Math.min(Math.PI - 0.05, Math.max(0.05, polar - upward * turn)) - polar;
  position.applyAxisAngle(new Vector3().crossVectors(up, position).normalize(), tilt);
  position.multiplyScalar(0.9 ** nearer);
}

const axisVector = (axis: number): [number, number, number] => [
  Number(axis === 0),
  Number(axis === 1),
  Number(axis === 2),
];

function projection(camera: PerspectiveCamera, width: number, height: number): Projection {
  const place = new Vector3();
  return (point) => {
    const depth = place.set(...point).distanceTo(camera.position);
    place.project(camera);
    return [((place.x + 1) / 2) * width, ((1 - place.y) / 2) * height, depth];
  };
}

/** The name of each axis at its best seen edge, and the values at its ends. */
function placeLabels(holder: HTMLElement, view: SceneView, up: number, project: Projection): void {
  const box = boxOf(view);
  const [cx, cy] = project([0, 0, 0]);
  const words = view.axes.flatMap(({ label, min, max }, axis) => {
    if (label === undefined) return [];
    const [from, to] = edgeOf(axis, up, box, project);
    const at = (share: number): Point =>
      [0, 1, 2].map((k) => from[k]! + share * (to[k]! - from[k]!)) as never;
    return [
      { text: tickLabel(Number(min.toPrecision(3))), at: at(0.08) },
      { text: label, at: at(0.5) },
      { text: tickLabel(Number(max.toPrecision(3))), at: at(0.92) },
    ];
  });
  while (holder.children.length < words.length) holder.append(document.createElement("span"));
  while (holder.children.length > words.length) holder.lastElementChild!.remove();
  words.forEach(({ text, at }, i) => {
    const word = holder.children[i] as HTMLElement;
    const [x, y] = project(at);
    const away = Math.hypot(x - cx, y - cy) || 1;
    const [dx, dy] = [(x - cx) / away, (y - cy) / away];
    if (word.textContent !== text) word.textContent = text;
    // Beside its edge, on the side away from the box, and within the picture.
    const left = within(
      x + 8 * dx + (word.offsetWidth * (dx - 1)) / 2,
      holder.clientWidth - word.offsetWidth,
    );
    const top = within(
      y + 8 * dy + (word.offsetHeight * (dy - 1)) / 2,
      holder.clientHeight - word.offsetHeight,
    );
    word.style.transform = `translate(${left}px, ${top}px)`;
  });
}

const within = (place: number, most: number): number => Math.round(Math.min(Math.max(place, 3), most - 3));
