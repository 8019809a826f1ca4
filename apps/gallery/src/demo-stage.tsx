import type { DemoState } from "fluxion/demo";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { PaperPage } from "../content/types.js";
import { ControlField } from "./control-field.js";
import { CopyButton } from "./copy-button.js";
import { EngineField, engineOf } from "./engine-field.js";
import { Progress } from "./progress.js";
import { rememberParams } from "./route.js";
import { paramsOf, stateOf } from "./state.js";
import { useDemo } from "./use-demo.js";
import { ViewCard } from "./views/view-card.js";
import { WatchedNumber } from "./watched-number.js";

type Demo = PaperPage["demo"];

/** The live demo: controls, presets, the run, and its state in the address. */
export function DemoStage({ id, demo, params }: { id: string; demo: Demo; params: URLSearchParams }) {
  const { controls, presets } = demo;
  const [state, setState] = useState<DemoState>(() => stateOf(controls, params));
  const [engine, setEngine] = useState(() => engineOf(params));
  const handle = useDemo(id, state, engine);
  const { phase, seen } = handle;
  const running = seen?.status === "running" || phase === "loading" || phase === "building";

  // An address that names a number of steps is a result: it is computed again.
  const wanted = Number(params.get("at"));
  useEffect(() => {
    if (wanted > 0) handle.run(Math.min(wanted, 100_000));
  }, []);
  const at = seen && seen.status !== "running" ? seen.steps : 0;
  useEffect(() => {
    if (phase === "loading" || phase === "building" || seen?.status === "running") return;
    const now = paramsOf(controls, state);
    if (engine !== "auto") now.set("engine", engine);
    if (at > 0) now.set("at", String(at));
    rememberParams(now);
  }, [state, engine, at, phase]);

  const preset = presets.find((p) => isState(state, stateOf(controls, new URLSearchParams()), p.state));
  const initial = useMemo(() => stateOf(controls, new URLSearchParams()), [controls]);
  return (
    <section class="stage" aria-labelledby="demo">
      <div class="stage-head">
        <div>
          <h2 id="demo">Live</h2>
          <p>{demo.caption}</p>
        </div>
        <WatchedNumber watch={demo.watch} seen={seen} />
      </div>
      <div class="presets" role="group" aria-label="Presets">
        {presets.map((p) => (
          <button
            key={p.name}
            aria-pressed={p === preset}
            onClick={() => setState({ ...initial, ...p.state })}
            title={p.note}
          >
            {p.shows === "failure" && <span class="fails">fails: </span>}
            {p.name}
          </button>
        ))}
      </div>
      <p class="note">{preset?.note ?? "Your own setting."}</p>
      <div class="controls">
        {Object.entries(controls).map(([name, control]) => (
          <ControlField
            key={name}
            name={name}
            control={control}
            value={state[name]!}
            set={(value) => setState({ ...state, [name]: value })}
          />
        ))}
        <EngineField value={engine} set={setEngine} />
      </div>
      <div class="buttons">
        {running ? (
          <button class="main" onClick={handle.pause} disabled={phase !== "ready"}>
            Pause
          </button>
        ) : (
          <button class="main" onClick={() => handle.run()} disabled={seen?.status === "done"}>
            {phase === "failed" ? "Try again" : seen && seen.steps > 0 ? "Continue" : "Start"}
          </button>
        )}
        <button onClick={() => handle.run(1)} disabled={running || seen?.status === "done"}>
          Step
        </button>
        <button onClick={handle.reset} disabled={phase === "idle"}>
          Reset
        </button>
        <CopyButton text={() => location.href}>Copy link</CopyButton>
        <CopyButton text={() => program(id, paramsState(state, initial))}>Copy this demo as code</CopyButton>
      </div>
      <Progress handle={handle} retryOnWasm={() => setEngine("wasm")} />
      <div
        class="views"
        data-steps={seen?.steps ?? 0}
        data-pace={seen?.pace ?? 0}
        data-status={seen?.status ?? phase}
      >
        {seen?.views.map((view, i) => (
          <ViewCard key={`${i}-${view.kind}`} view={view} />
        ))}
        {!seen && <p class="quiet empty">Start it, and this is where it is drawn.</p>}
      </div>
      <details>
        <summary>The demo’s source</summary>
        <pre tabIndex={0}>
          <code dangerouslySetInnerHTML={{ __html: demo.html }} />
        </pre>
      </details>
    </section>
  );
}

const paramsState = (state: DemoState, initial: DemoState): DemoState =>
  Object.fromEntries(Object.entries(state).filter(([name, value]) => initial[name] !== value));

const isState = (state: DemoState, initial: DemoState, given: DemoState): boolean =>
  Object.entries(state).every(([name, value]) => value === (given[name] ?? initial[name]));

/** The demo as a program for a checkout of Fluxion. */
export const program = (id: string, state: DemoState): string =>
  `// In a checkout of Fluxion, as try.ts: npx tsx --conditions fluxion-source try.ts
import { demo } from "./papers/${id}/demo.js";

const run = await demo.create(${JSON.stringify(state)});
for (let step = 1; step <= 200; step++) {
  if ((await run.step()) === "done") break;
}
for (const view of await run.views()) {
  if (view.kind === "figures") console.table(view.figures);
  if (view.kind === "curves") for (const { name, points } of view.curves) console.log(view.title, name, points.at(-1));
}
await run.release();
`;
