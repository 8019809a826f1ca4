import type { BarsView, FiguresView } from "fluxion/demo";
import { colourOf } from "./legend.js";

/** Four digits are enough to read. */
export const brief = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(4))) : value > 0 ? "∞" : "not a number";

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
        {bars.map(({ name, value }, i) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd data-value={value}>
              <span
                class="bar"
                style={{ width: `${70 * (share(value) || 0)}%`, background: `var(${colourOf(i)})` }}
              />
              {brief(value)}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
