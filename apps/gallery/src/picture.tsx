import type { PaperEntry } from "../content/types.js";
import { pictureAddress } from "./papers.js";
import { useTheme } from "./theme.js";

/** A card's picture: from the paper's demo (`npm run pictures`), or else of its last record. */
export function Picture({ entry }: { entry: PaperEntry }) {
  const theme = useTheme();
  const { id, picture, marks } = entry;
  if (!picture) return marks.length > 0 ? <Marks marks={marks} /> : null;
  return (
    <img
      // Before the address: it would be fetched at once.
      loading="lazy"
      class="picture"
      src={pictureAddress(id, theme)}
      alt={picture.alt}
      width={480}
      height={300}
      decoding="async"
    />
  );
}

/** One line a check, its bar in the middle, the measured value as a dot, on the shaded side if it passed. */
function Marks({ marks }: Pick<PaperEntry, "marks">) {
  const [width, height] = [240, 150];
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
