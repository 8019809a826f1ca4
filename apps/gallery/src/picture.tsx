import type { PaperEntry } from "../content/types.js";

/**
 * A card's picture, drawn from the last record: one line a check, its bar in the middle, the measured value as a dot, on
 * the shaded side if it passed.
 */
export function Picture({ entry: { marks } }: { entry: PaperEntry }) {
  const [width, height] = [240, 72];
  if (marks.length === 0) return null;
  const row = height / marks.length;
  return (
    <svg class="picture" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {marks.map(({ at, passed, above }, i) => {
        const y = (i + 0.5) * row;
        return (
          <g key={i} class={passed ? "good" : "bad"}>
            <rect
              x={above ? width / 2 : 0}
              y={y - 0.35 * row}
              width={width / 2}
              height={0.7 * row}
              class="side"
            />
            <circle cx={8 + at * (width - 16)} cy={y} r={Math.min(4, 0.38 * row)} />
          </g>
        );
      })}
      <path d={`M${width / 2} 0 V${height}`} class="bar" />
    </svg>
  );
}
