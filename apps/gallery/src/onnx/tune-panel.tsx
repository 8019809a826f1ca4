import { CurvesChart } from "../views/curves-chart.js";
import { brief } from "../views/numbers.js";
import type { OnnxState } from "./use-onnx.js";

/** The tuning's buttons, its loss, and the file to take home. */
export function TunePanel(props: {
  model: OnnxState;
  steps: number;
  /** Why it cannot be tuned now. */
  hindrance: string | undefined;
  tune: () => void;
  stop: () => void;
  save: () => void;
}) {
  const { model, steps, hindrance, tune, stop, save } = props;
  const { losses, tuning, busy } = model;
  const last = losses.at(-1);
  return (
    <>
      <div class="buttons">
        {tuning ? (
          <button class="main" onClick={stop}>
            Stop
          </button>
        ) : (
          <button class="main" disabled={busy !== undefined || hindrance !== undefined} onClick={tune}>
            {losses.length > 0 ? `Go on for ${steps} steps` : `Tune for ${steps} steps`}
          </button>
        )}
        <button disabled={busy !== undefined} onClick={save}>
          Download ONNX
        </button>
        {hindrance && <span class="quiet">{hindrance}</span>}
      </div>
      {last && (
        <figure class="view curves" data-steps={last[0]}>
          <figcaption>
            Cross entropy: {brief(last[1])} after {last[0]} steps
          </figcaption>
          <CurvesChart
            view={{
              ...{ kind: "curves", title: "Cross entropy", x: { label: "step" }, y: { label: "loss" } },
              curves: [{ name: "loss", points: losses }],
            }}
          />
        </figure>
      )}
    </>
  );
}
