import type { DemoPicture } from "./picture.js";
import type { Watch } from "./watch.js";

/** A number to set with a slider. */
export interface RangeControl {
  readonly kind: "range";
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly initial: number;
  /** Whether the slider runs in the logarithm. Default false. */
  readonly logarithmic?: boolean;
}

/** One of several words. */
export interface ChoiceControl {
  readonly kind: "choice";
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly initial: string;
}

/** On or off. */
export interface ToggleControl {
  readonly kind: "toggle";
  readonly label: string;
  readonly initial: boolean;
}

/** A control of a demo. */
export type Control = RangeControl | ChoiceControl | ToggleControl;

/** The values of all controls, by name: what the page keeps in its address. */
export type DemoState = Readonly<Record<string, number | string | boolean>>;

/** A named setting with the sentence that says what to look for. */
export interface Preset {
  readonly name: string;
  readonly note: string;
  /** Whether it shows the effect or where the method fails. */
  readonly shows: "effect" | "failure";
  /** Values that differ from the controls' initial ones. */
  readonly state: DemoState;
}

/** Points in the plane, in groups of one colour each. */
export interface PointsView {
  readonly kind: "points";
  readonly title: string;
  /** `points` [N, 2] row-major. */
  readonly groups: readonly { readonly name: string; readonly points: Float32Array }[];
  /** Half the side of the square around 0 that is shown. */
  readonly extent: number;
}

/** Paths in the plane, with a particle that moves along each. */
export interface PathsView {
  readonly kind: "paths";
  readonly title: string;
  /** [T, N, 2] row-major: N paths of T points; none where there is nothing yet to be seen. */
  readonly paths: Float32Array;
  readonly count: number;
  readonly extent: number;
  /** Points [N, 2] that the paths should end on, drawn faintly below them. */
  readonly target?: Float32Array;
}

/** An axis of curves. */
export interface CurvesAxis {
  readonly label: string;
  readonly logarithmic?: boolean;
  /** The axis begins here or lower: what is known beforehand keeps it from jumping while the curves grow. */
  readonly min?: number;
  /** The axis ends here or higher. */
  readonly max?: number;
}

/** Curves over a common axis. */
export interface CurvesView {
  readonly kind: "curves";
  readonly title: string;
  readonly x: CurvesAxis;
  readonly y: CurvesAxis;
  /** The curves are functions to be seen as a whole, not courses of which the last value is the news. Default false. */
  readonly whole?: boolean;
  readonly curves: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
    /** "dashed" for what the others are compared with, "dots" for data without an order. Default "line". */
    readonly style?: "line" | "dashed" | "dots";
    /** Number of its colour from 0, so that the same has the same one in several views. Default: its place. */
    readonly series?: number;
  }[];
}

/** Grey or colour images in a grid. */
export interface ImagesView {
  readonly kind: "images";
  readonly title: string;
  /** uint8 [N, H, W, C], C 1 or 3. */
  readonly pixels: Uint8Array;
  readonly shape: readonly [number, number, number, number];
  readonly columns: number;
  /** What the rows of the grid are, from the top. */
  readonly rows?: readonly string[];
}

/** A side of what is shown: its name and the values at its ends. */
export interface Span {
  readonly label?: string;
  readonly min: number;
  readonly max: number;
}

/**
 * A scalar over a rectangle of the plane as colours, with paths drawn upon it: a loss surface, a field, a matrix. One with
 * paths is a landscape, which the page can show in space as well.
 */
export interface HeatmapView {
  readonly kind: "heatmap";
  readonly title: string;
  /** [H, W] row-major, the first row at the top; NaN where the field is not, such as in solids. */
  readonly values: Float32Array;
  readonly shape: readonly [number, number];
  readonly x: Span;
  /** `max` is the top edge's, so for a matrix with row 0 on top: min H, max 0. */
  readonly y: Span;
  /** What the values are. */
  readonly label?: string;
  /** Values of the first and last colour. Default: the smallest and the largest. */
  readonly range?: readonly [number, number];
  /** Colours run from one sign over nothing to the other, the same both ways. Default false. */
  readonly signed?: boolean;
  /** The values are numbers of classes from 0, with these names. */
  readonly classes?: readonly string[];
  /** [T, 2] row-major each, in the units of x and y. */
  readonly paths?: readonly { readonly name: string; readonly points: Float32Array }[];
  /** Points [N, 2] in the units of x and y; with `classes`, one group a class in its colour. */
  readonly points?: readonly { readonly name: string; readonly points: Float32Array }[];
}

/** Colours of vertices: the view's colour of a value, or a colour of their own; without either, the theme's. */
export interface VertexColours {
  /** [N]. */
  readonly values?: Float32Array;
  /** uint8 [N, 3], sRGB. */
  readonly colours?: Uint8Array;
}

/** Meshes, clouds of points and paths in space. */
export interface SceneView {
  readonly kind: "scene";
  readonly title: string;
  /** The box that is shown, right-handed. */
  readonly axes: readonly [Span, Span, Span];
  /** Which axis points up. Default 2, the last. */
  readonly up?: 0 | 1 | 2;
  /** Lengths of the box's sides as drawn. Default: in proportion to the axes, so that shapes keep their form. */
  readonly sides?: readonly [number, number, number];
  /** What the values are. */
  readonly label?: string;
  /** Values of the first and last colour. Default: the smallest and the largest. */
  readonly range?: readonly [number, number];
  /** Colours run from one sign over nothing to the other, the same both ways. Default false. */
  readonly signed?: boolean;
  /** `positions` [N, 3] and `triangles` [M, 3] of their indices, both row-major; `opacity` in (0, 1], default 1. */
  readonly meshes?: readonly ({
    readonly name: string;
    readonly positions: Float32Array;
    readonly triangles: Uint32Array;
    readonly opacity?: number;
  } & VertexColours)[];
  /** `positions` [N, 3] row-major; `size` of a point as a part of the box's longest side, default 0.015. */
  readonly points?: readonly ({
    readonly name: string;
    readonly positions: Float32Array;
    readonly size?: number;
  } & VertexColours)[];
  /** `points` [T, N, 3] row-major: N = `count` paths, by default one, of T points. */
  readonly paths?: readonly {
    readonly name: string;
    readonly points: Float32Array;
    readonly count?: number;
  }[];
}

/** Numbers side by side as bars. */
export interface BarsView {
  readonly kind: "bars";
  readonly title: string;
  readonly y: { readonly label: string; readonly logarithmic?: boolean };
  /** `series` is the number of its colour, as a curve's. */
  readonly bars: readonly { readonly name: string; readonly value: number; readonly series?: number }[];
}

/** Named numbers. */
export interface FiguresView {
  readonly kind: "figures";
  readonly title: string;
  readonly figures: readonly { readonly name: string; readonly value: number; readonly note?: string }[];
}

/** What a demo shows: plain data, so that it crosses from a worker to the page. */
export type View =
  PointsView | PathsView | CurvesView | ImagesView | HeatmapView | SceneView | BarsView | FiguresView;

/** A running demo. */
export interface DemoRun {
  /** Works for a few tens of milliseconds; "done" when there is no more to do. */
  readonly step: () => Promise<"running" | "done">;
  /** What is to be seen now, always the same views in the same order. */
  readonly views: () => Promise<readonly View[]>;
  /** Frees what the run holds. */
  readonly release: () => Promise<void>;
}

/** A live demo of a paper: controls, presets and a run; the page does the drawing, the library the maths. */
export interface Demo {
  /** The paper's. */
  readonly id: string;
  /** What happens on the page, in a sentence or two. */
  readonly caption: string;
  readonly watch: Watch;
  /** What `npm run pictures` draws for the paper's card. */
  readonly picture?: DemoPicture;
  readonly controls: Readonly<Record<string, Control>>;
  /** At least one that shows the effect and one that shows the failure. */
  readonly presets: readonly Preset[];
  readonly create: (state: DemoState) => Promise<DemoRun>;
}

/** The values of these controls. */
export type StateOf<Controls extends Demo["controls"]> = {
  readonly [Name in keyof Controls]: {
    range: number;
    choice: string;
    toggle: boolean;
  }[Controls[Name]["kind"]];
};

/** The controls' initial values, overlaid with those of `state` that are known and in range. */
export function demoState<Controls extends Demo["controls"]>(
  controls: Controls,
  state: Readonly<Record<string, unknown>> = {},
): StateOf<Controls> {
  const entries = Object.entries(controls).map(([name, control]) => {
    const value = state[name];
    return [name, isValid(control, value) ? value : control.initial] as const;
  });
  return Object.fromEntries(entries) as StateOf<Controls>;
}

function isValid(control: Control, value: unknown): boolean {
  switch (control.kind) {
    case "range":
      return typeof value === "number" && value >= control.min && value <= control.max;
    case "choice":
      return control.options.some((option) => option.value === value);
    case "toggle":
      return typeof value === "boolean";
  }
}
