// What is to be seen of a flow: from the run, as views, to the page, which picks from them.
import type { CurvesView, PathsView, PointsView, View } from "fluxion/demo";
import { counts } from "./controls.js";

/** A flow at some time of its training. */
export interface Look {
  /** [T, N, 2] */
  readonly paths: Float32Array;
  /** [N, 2] for each of `counts`. */
  readonly ends: readonly Float32Array[];
  /** Sliced Wasserstein distances of `ends` to the drawing. */
  readonly distances: readonly number[];
  /** Shares of `ends` that lie on the drawing, in [0, 1]. */
  readonly shares: readonly number[];
  /** Shares of the drawing that lie on `ends`: small if all samples fall on one place. */
  readonly covers: readonly number[];
  readonly straightness: number;
}

const nothing: Look = {
  paths: new Float32Array(),
  ends: counts.map(() => new Float32Array()),
  distances: [],
  shares: [],
  covers: [],
  straightness: NaN,
};

/** Points this near to some point of others lie on them: a fortieth of the square's side. */
const near = 0.1;

/** The share of `points` [N, 2] that lie on others, `real` [M, 2]. */
export function shareOn(points: Float32Array, real: Float32Array): number {
  let on = 0;
  for (let i = 0; i < points.length; i += 2) {
    for (let j = 0; j < real.length; j += 2) {
      const [dx, dy] = [points[i]! - real[j]!, points[i + 1]! - real[j + 1]!];
      if (dx * dx + dy * dy < near * near) {
        on++;
        break;
      }
    }
  }
  return on / (points.length / 2);
}

const viewsOfOne = (name: string, look: Look, count: number, drawn: Float32Array): View[] => [
  { kind: "paths", title: name, paths: look.paths, count: look.paths.length > 0 ? count : 0, extent: 3 },
  ...look.ends.map((points, i): View => ({
    ...{ kind: "points", title: `${name}, steps: ${counts[i]!}`, extent: 2.4 },
    groups: [
      { name: "drawn", points: drawn },
      { name: "samples", points },
    ],
  })),
];

const figuresOf = (name: string, look: Look): View => ({
  kind: "figures",
  title: name,
  figures: [
    ...look.shares.map((value, i) => ({ name: `on the drawing, ${counts[i]!}`, value })),
    ...look.covers.map((value, i) => ({ name: `covered, ${counts[i]!}`, value })),
    { name: "straightness", value: look.straightness },
  ],
});

/** The views of a run; without `after` its places are held by empty ones. */
export function viewsOf(
  { before, after = nothing }: { before: Look; after?: Look | undefined },
  losses: CurvesView["curves"],
  drawn: Float32Array,
  count: number,
): View[] {
  const both = [
    ["first flow", before],
    ["after reflow", after],
  ] as const;
  return [
    ...both.flatMap(([name, look]) => viewsOfOne(name, look, count, drawn)),
    {
      ...{ kind: "curves", title: "Distance to the drawing" },
      x: { label: "Euler steps", logarithmic: true },
      y: { label: "sliced Wasserstein" },
      curves: both.map(([name, { distances }]) => ({
        name,
        points: distances.map((d, i) => [counts[i]!, d] as const),
      })),
    },
    {
      ...{ kind: "curves", title: "Training loss", x: { label: "step" }, y: { label: "loss" } },
      curves: losses,
    },
    ...both.map(([name, look]) => figuresOf(name, look)),
  ];
}

/** A flow as the page shows it. */
export interface SeenFlow {
  readonly paths: PathsView;
  readonly ends: readonly PointsView[];
  readonly shares: readonly number[];
  readonly covers: readonly number[];
  readonly straightness: number;
}

/** The parts of `viewsOf`. */
export function readViews(views: readonly View[]): {
  before: SeenFlow;
  after: SeenFlow | undefined;
  distance: CurvesView;
  losses: CurvesView;
} {
  const block = counts.length + 1;
  const flow = (i: 0 | 1): SeenFlow => {
    const [paths, ...ends] = views.slice(i * block, (i + 1) * block);
    const figures = views[2 * block + 2 + i]!;
    const values = figures.kind === "figures" ? figures.figures.map((f) => f.value) : [];
    return {
      paths: paths as PathsView,
      ends: ends as PointsView[],
      shares: values.slice(0, counts.length),
      covers: values.slice(counts.length, -1),
      straightness: values.at(-1)!,
    };
  };
  const after = flow(1);
  return {
    before: flow(0),
    after: after.paths.count > 0 ? after : undefined,
    distance: views[2 * block] as CurvesView,
    losses: views[2 * block + 1] as CurvesView,
  };
}
