import type { HeatmapView, ImagesView, SceneView, View } from "fluxion/demo";
import { useMemo, useState } from "preact/hooks";
import { lazily } from "../lazily.js";
import { Canvas } from "./canvas.js";
import { rangeOf } from "./colours.js";
import { CurvesChart } from "./curves-chart.js";
import { drawImages, drawPaths, drawPoints } from "./draw.js";
import { drawHeatmap, margins } from "./heatmap.js";
import { ColourScale, Legend, type LegendEntry } from "./legend.js";
import { BarsCard, FiguresCard } from "./numbers.js";
import { sceneRange, seriesOf, seriesOfPath } from "./scene-space.js";
import { surfaceOf } from "./surface.js";

// three.js comes with the first scene that is shown.
const SceneCanvas = lazily(() => import("./scene.js").then((m) => m.SceneCanvas));

/** One view of a demo, drawn. */
export function ViewCard({ view }: { view: View }) {
  return (
    <figure class={`view ${view.kind}`} data-kind={view.kind}>
      <figcaption>{view.title}</figcaption>
      <Body view={view} />
    </figure>
  );
}

function Body({ view }: { view: View }) {
  switch (view.kind) {
    case "points":
      return (
        <>
          <Canvas label={view.title} ratio={1} draw={(c) => drawPoints(c, view)} of={view} />
          <Legend entries={view.groups.map(({ name }, series) => ({ name, series }))} />
        </>
      );
    case "paths":
      return <Canvas label={view.title} ratio={1} draw={(c, t) => drawPaths(c, view, t)} of={view} moving />;
    case "heatmap":
      return view.paths && view.paths.length > 0 ? <Landscape view={view} /> : <FlatMap view={view} />;
    case "scene":
      return <SceneCard view={view} />;
    case "images":
      return <Images view={view} />;
    case "curves":
      return <CurvesChart view={view} />;
    case "bars":
      return <BarsCard view={view} />;
    case "figures":
      return <FiguresCard view={view} />;
  }
}

/** A map with paths, flat or in space as the reader likes. */
function Landscape({ view }: { view: HeatmapView }) {
  const [inSpace, setInSpace] = useState(false);
  const scene = useMemo(() => (inSpace ? surfaceOf(view) : undefined), [view, inSpace]);
  return (
    <>
      <p class="either" role="group" aria-label="How it is drawn">
        <button aria-pressed={!inSpace} onClick={() => setInSpace(false)}>
          Map
        </button>
        <button aria-pressed={inSpace} onClick={() => setInSpace(true)}>
          Surface
        </button>
      </p>
      {scene ? <SceneCard view={scene} /> : <FlatMap view={view} />}
    </>
  );
}

function FlatMap({ view }: { view: HeatmapView }) {
  const { classes, paths = [], points = [] } = view;
  const names: LegendEntry[] = classes
    ? classes.map((name, series) => ({ name, series }))
    : [...paths, ...points].map(({ name }, series) => ({ name, series }));
  const { left, bottom } = margins(view);
  // The map itself is a square on a canvas of the usual width.
  const ratio = 416 / (416 - left + bottom);
  return (
    <>
      <Canvas label={view.title} ratio={ratio} draw={(c) => drawHeatmap(c, view)} of={view} />
      {!classes && (
        <ColourScale range={rangeOf([view.values], view)} signed={view.signed} label={view.label} />
      )}
      <Legend entries={names} />
    </>
  );
}

function SceneCard({ view }: { view: SceneView }) {
  const solids = [...(view.meshes ?? []), ...(view.points ?? [])];
  const paths = view.paths ?? [];
  const entries = [
    ...solids.flatMap((o, i) => (o.values || o.colours ? [] : [{ name: o.name, series: seriesOf(view, i) }])),
    ...paths.map(({ name }, i) => ({ name, series: seriesOfPath(view, i) })),
  ];
  return (
    <>
      <SceneCanvas view={view} key={view.up ?? 2} />
      {solids.some((o) => o.values) && (
        <ColourScale range={sceneRange(view)} signed={view.signed} label={view.label} />
      )}
      <Legend entries={entries} />
      {solids.map(({ name, positions, values }) => (
        <data
          key={name}
          hidden
          value={values?.reduce((sum, v) => sum + Math.abs(v), 0)}
          data-count={positions.length / 3}
          data-name={name}
        />
      ))}
      {paths.map(({ name, points }) => (
        <data key={name} hidden value={points.at(-1)} data-count={points.length / 3} data-name={name} />
      ))}
    </>
  );
}

/** Images in a grid, with the names of its rows beside it. */
function Images({ view }: { view: ImagesView }) {
  const [n, h, w] = view.shape;
  const rows = Math.ceil(n / view.columns);
  const ratio = (view.columns * (w + 1)) / (rows * (h + 1));
  const grid = <Canvas label={view.title} ratio={ratio} draw={(c) => drawImages(c, view)} of={view} />;
  if (!view.rows) return grid;
  return (
    <div class="rows">
      <ol>
        {view.rows.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ol>
      {grid}
    </div>
  );
}
