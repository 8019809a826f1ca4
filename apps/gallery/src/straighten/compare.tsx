import type { View } from "fluxion/demo";
import { ViewCard } from "../views/view-card.js";
import { counts } from "./controls.js";
import { readViews, type SeenFlow } from "./looks.js";

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** The first flow and the straightened one, side by side. @param steps of the sampler that is compared, one of `counts` */
export function Compare(props: { views: readonly View[]; steps: number; setSteps: (steps: number) => void }) {
  const { steps, setSteps } = props;
  const { before, after, distance, losses } = readViews(props.views);
  const at = Math.max(0, counts.indexOf(steps as (typeof counts)[number]));
  return (
    <>
      <h2>Paths</h2>
      <p class="quiet">Every point starts as noise and moves along its path to where it shall go.</p>
      <div class="views">
        <ViewCard view={{ ...before.paths, title: "First flow: bent paths" }} />
        {after ? (
          <ViewCard view={{ ...after.paths, title: "After reflow: straight paths" }} />
        ) : (
          <Waiting title="After reflow" />
        )}
      </div>
      <h2>Samples</h2>
      <div class="presets" role="group" aria-label="Steps of the sampler">
        {counts.map((n) => (
          <button key={n} aria-pressed={n === steps} onClick={() => setSteps(n)}>
            {n === 1 ? "1 step" : `${n} steps`}
          </button>
        ))}
      </div>
      <div class="views">
        <Samples name="First flow" flow={before} at={at} />
        {after ? <Samples name="After reflow" flow={after} at={at} /> : <Waiting title="After reflow" />}
      </div>
      <div class="views">
        <ViewCard view={distance} />
        <ViewCard view={losses} />
      </div>
    </>
  );
}

function Samples({ name, flow, at }: { name: string; flow: SeenFlow; at: number }) {
  const [share, cover] = [flow.shares[at]!, flow.covers[at]!];
  return (
    <div data-flow={name} data-share={share} data-cover={cover} data-straightness={flow.straightness}>
      <ViewCard view={{ ...flow.ends[at]!, title: name }} />
      <p class="quiet">
        {percent(share)} of the samples land on the drawing; they cover {percent(cover)} of it.
      </p>
    </div>
  );
}

const Waiting = ({ title }: { title: string }) => (
  <figure class="view waiting">
    <figcaption>{title}</figcaption>
    <p class="quiet">Comes when the first flow has been trained.</p>
  </figure>
);
