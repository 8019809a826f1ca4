import { watched, type Watch } from "fluxion/demo";
import { useMemo, useRef } from "preact/hooks";
import type { Reply } from "./protocol.js";
import { brief } from "./views/numbers.js";

type Seen = Extract<Reply, { type: "views" }>;
type Point = readonly [step: number, value: number];

/** Points of the line are thinned beyond this number. */
const most = 240;

/** The quantity that a demo is watched by: the number now, which way is better, and the way it came. */
export function WatchedNumber({ watch, seen }: { watch: Watch; seen: Seen | undefined }) {
  const history = useHistory(watch, seen);
  const now = history.at(-1);
  return (
    <div class="watched">
      <p class="quiet">{watch.label}</p>
      <p class="now">
        <data class="value" value={now?.[1]} data-steps={now?.[0]}>
          {now ? brief(now[1]) : "–"}
        </data>
        <Sparkline points={history} />
      </p>
      <p class="quiet">
        {watch.better === "lower" ? "↓ lower is better" : "↑ higher is better"}
        {watch.note && ` · ${watch.note}`}
      </p>
    </div>
  );
}

/** The values seen since the run began. */
function useHistory(watch: Watch, seen: Seen | undefined): readonly Point[] {
  const points = useRef<readonly Point[]>([]);
  return useMemo(() => {
    if (!seen) return (points.current = []);
    const before = points.current.filter(([step]) => step < seen.steps);
    const value = watched(watch, seen.views);
    const all = value === undefined ? before : [...before, [seen.steps, value] as const];
    return (points.current = all.length > most ? all.filter((_, i) => i % 2 === 0) : all);
  }, [watch, seen]);
}

/** A line without axes; logarithmic when the values span more than a factor of 50. */
function Sparkline({ points }: { points: readonly Point[] }) {
  const [width, height, rim] = [150, 44, 4];
  if (points.length < 2) return null;
  const values = points.map(([, v]) => v);
  const logarithmic = Math.min(...values) > 0 && Math.max(...values) > 50 * Math.min(...values);
  const scale = logarithmic ? Math.log : (v: number) => v;
  const [low, high] = [scale(Math.min(...values)), scale(Math.max(...values))];
  const [first, last] = [points[0]![0], points.at(-1)![0]];
  const place = ([step, value]: Point): string => {
    const x = rim + ((width - 2 * rim) * (step - first)) / (last - first || 1);
    const y = rim + (height - 2 * rim) * (1 - (scale(value) - low) / (high - low || 1));
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const [x, y] = place(points.at(-1)!).split(" ");
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      <path d={`M${points.map(place).join("L")}`} />
      <circle cx={x} cy={y} r="3.5" />
    </svg>
  );
}
