import { useState } from "preact/hooks";
import type { Picture } from "./pictures.js";
import type { Prediction, Predictions } from "./protocol.js";
import { Thumbnail } from "./thumbnail.js";

/** Images shown at first. */
const few = 24;
// The number and its sign stay on one line.
const percent = (share: number): string => `${Math.round(100 * share)}\u00a0%`;

interface Props {
  readonly predictions: Predictions;
  readonly pictures: readonly Picture[];
  readonly held: readonly boolean[];
  readonly nameOf: (label: number) => string;
}

/** What the model says of the images, before and after tuning. */
export function PredictionsPanel({ predictions, pictures, held, nameOf }: Props) {
  const [whole, setWhole] = useState(false);
  const { before, after } = predictions;
  // While images are being added the predictions are a moment behind.
  if (before.length !== pictures.length || pictures.length === 0) return null;
  const stride = whole ? 1 : Math.max(1, pictures.length / few);
  const shown = Array.from({ length: Math.ceil(pictures.length / stride) }, (_, i) => Math.floor(i * stride));
  return (
    <>
      <h2>Predictions</h2>
      <Accuracies {...{ before, after, pictures, held }} />
      <ul class="predictions">
        {shown.map((i) => {
          const { bitmap, label } = pictures[i]!;
          return (
            <li key={i}>
              <Thumbnail bitmap={bitmap} size={64} />
              <p>
                <strong>{nameOf(label)}</strong> {held[i] && <span class="quiet">held out</span>}
                <Said prediction={before[i]!} label={label} nameOf={nameOf} when={after && "before"} />
                {after && <Said prediction={after[i]!} label={label} nameOf={nameOf} when="after" />}
              </p>
            </li>
          );
        })}
      </ul>
      {pictures.length > few && (
        <button onClick={() => setWhole(!whole)}>
          {whole ? "Show fewer" : `Show all ${pictures.length}`}
        </button>
      )}
    </>
  );
}

function Said(props: {
  prediction: Prediction;
  label: number;
  nameOf: (label: number) => string;
  when: string | undefined;
}) {
  const { prediction, label, nameOf, when } = props;
  const right = prediction.best === label;
  return (
    <span class={right ? "said good" : "said bad"}>
      {when && <span class="quiet">{when}: </span>}
      {right ? "✓" : "✗"} {nameOf(prediction.best)} ({percent(prediction.chance)})
    </span>
  );
}

function Accuracies({ before, after, pictures, held }: Omit<Props, "nameOf" | "predictions"> & Predictions) {
  const rightOf = (list: readonly Prediction[], which: boolean): string => {
    const rows = pictures.flatMap(({ label }, i) => (held[i] === which ? [list[i]!.best === label] : []));
    return rows.length === 0 ? "" : percent(rows.filter(Boolean).length / rows.length);
  };
  const parts = [false, true].filter((which) => held.includes(which));
  const count = (which: boolean): number => held.filter((h) => h === which).length;
  return (
    <table class="accuracies">
      <caption>Right answers</caption>
      <thead>
        <tr>
          <td />
          {parts.map((which) => (
            <th scope="col" key={String(which)}>
              {count(which)} images {which ? "held out" : "to tune on"}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[["before", before] as const, ...(after ? [["after", after] as const] : [])].map(([when, list]) => (
          <tr key={when}>
            <th scope="row">{when} tuning</th>
            {parts.map((which) => (
              <td key={String(which)} class="number" data-when={when} data-held={String(which)}>
                {rightOf(list, which)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
