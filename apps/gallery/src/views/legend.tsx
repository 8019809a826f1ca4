import { colourOf, cssOf, mix, stopsOf } from "./colours.js";
import { tickLabel } from "./ticks.js";

/** A name in a legend. */
export interface LegendEntry {
  readonly name: string;
  /** Number of its colour. */
  readonly series: number;
  readonly dashed?: boolean;
  /** What stands behind the name. */
  readonly value?: string | undefined;
}

/** Names with their colours. */
export function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <ul class="legend">
      {entries.map(({ name, series, dashed, value }) => (
        <li key={name}>
          <span class={dashed ? "dashed" : ""} style={{ "--own": `var(${colourOf(series)})` }} />
          {name}
          {value !== undefined && <b> {value}</b>}
        </li>
      ))}
    </ul>
  );
}

/** Which colour is which value. */
export function ColourScale(props: {
  range: readonly [number, number];
  signed?: boolean | undefined;
  label?: string | undefined;
}) {
  const { range, signed = false, label } = props;
  const stops = stopsOf(signed, [0, 0, 0]);
  // Signed colours meet in the theme's colour of nothing.
  const gradient = signed
    ? [cssOf(stops[0]!), "var(--nothing)", cssOf(stops[2]!)]
    : [0, 0.25, 0.5, 0.75, 1].map((t) => cssOf(mix(stops, t)));
  return (
    <p class="scale">
      <span>{tickLabel(Number(range[0].toPrecision(3)))}</span>
      <i style={{ background: `linear-gradient(to right, ${gradient.join(", ")})` }} />
      <span>{tickLabel(Number(range[1].toPrecision(3)))}</span>
      {label && <span>{label}</span>}
    </p>
  );
}
