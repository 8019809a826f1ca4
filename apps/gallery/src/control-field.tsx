import type { Control } from "fluxion/demo";

/** One control of a demo: a slider, a choice or a tick. */
export function ControlField(props: {
  name: string;
  control: Control;
  value: number | string | boolean;
  set: (value: number | string | boolean) => void;
}) {
  const { control, value, set } = props;
  if (control.kind === "choice") {
    return (
      <label>
        {control.label}
        <select name={props.name} value={String(value)} onChange={(e) => set(e.currentTarget.value)}>
          {control.options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.label}
            </option>
          ))}
        </select>
      </label>
    );
  }
  if (control.kind === "toggle") {
    return (
      <label class="toggle">
        <input
          type="checkbox"
          name={props.name}
          checked={value === true}
          onChange={(e) => set(e.currentTarget.checked)}
        />
        {control.label}
      </label>
    );
  }
  const { min, max, step, logarithmic } = control;
  const round = (v: number): number =>
    Math.min(max, Math.max(min, Number((min + Math.round((v - min) / step) * step).toPrecision(12))));
  const [to, from] = logarithmic ? [Math.log, Math.exp] : [(v: number) => v, (v: number) => v];
  return (
    <label>
      <span>
        {control.label} <output>{String(value)}</output>
      </span>
      <input
        type="range"
        name={props.name}
        min={to(min)}
        max={to(max)}
        step={logarithmic ? (to(max) - to(min)) / 200 : step}
        value={to(Number(value))}
        aria-valuetext={String(value)}
        onInput={(e) => set(round(from(Number(e.currentTarget.value))))}
      />
    </label>
  );
}
