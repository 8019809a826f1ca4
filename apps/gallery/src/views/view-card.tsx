import type { View } from "fluxion/demo";
import { BarsCard, FiguresCard } from "./numbers.js";
import { Canvas } from "./canvas.js";
import { CurvesChart } from "./curves-chart.js";
import { drawHeatmap, drawImages, drawPaths, drawPoints } from "./draw.js";
import { Legend } from "./legend.js";

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
          <Legend names={view.groups.map((g) => g.name)} />
        </>
      );
    case "paths":
      return <Canvas label={view.title} ratio={1} draw={(c, t) => drawPaths(c, view, t)} of={view} moving />;
    case "heatmap":
      return (
        <>
          <Canvas label={view.title} ratio={1} draw={(c) => drawHeatmap(c, view)} of={view} />
          <p class="quiet axes">
            {view.x.label && `→ ${view.x.label} `}
            {view.y.label && `↑ ${view.y.label}`}
          </p>
          <Legend names={(view.paths ?? []).map((p) => p.name)} />
        </>
      );
    case "images": {
      const [n, h, w] = view.shape;
      const rows = Math.ceil(n / view.columns);
      const ratio = (view.columns * (w + 1)) / (rows * (h + 1));
      return <Canvas label={view.title} ratio={ratio} draw={(c) => drawImages(c, view)} of={view} />;
    }
    case "curves":
      return <CurvesChart view={view} />;
    case "bars":
      return <BarsCard view={view} />;
    case "figures":
      return <FiguresCard view={view} />;
  }
}
