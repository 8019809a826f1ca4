import type { BarsView, FiguresView } from "fluxion/demo";
import { colourOf } from "./colours.js";
import { tickLabel } from "./ticks.js";

/** Four digits are enough to read, three beside a power of ten. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "not a number";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return value.toLocaleString("en").replace("-", "−");
  return tickLabel(value);
}

/** Named numbers. */
export function FiguresCard({ view }: { view: FiguresView }) {
  return (
    <dl>
      {view.figures.map(({ name, value, note }) => (
        <div key={name}>
          <dt>
            {name}
            {note && <span class="quiet"> ({note})</span>}
          </dt>
          <dd data-value={value}>{brief(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Numbers side by side. */
export function BarsCard({ view: { bars, y } }: { view: BarsView }) {
  const values = bars.map((b) => b.value).filter((v) => Number.isFinite(v) && (!y.logarithmic || v > 0));
  const scale = y.logarithmic ? Math.log10 : (v: number) => v;
  const top = Math.max(...values.map(scale));
  const bottom = y.logarithmic ? Math.min(...values.map(scale)) - 0.5 : Math.min(0, ...values);
  const share = (v: number): number => Math.max(0, Math.min(1, (scale(v) - bottom) / (top - bottom || 1)));
  return (
    <>
      <p class="quiet axes">
        {y.label}
        {y.logarithmic && ", logarithmic"}
      </p>
      <dl class="barlist">
        {bars.map(({ name, value, series }, i) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd data-value={value}>
              <span
                class="bar"
                style={{ width: `${70 * (share(value) || 0)}%`, background: `var(${colourOf(series ?? i)})` }}
              />
              {brief(value)}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
