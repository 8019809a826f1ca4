import type { DemoState } from "fluxion/demo";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { PaperPage } from "../content/types.js";
import { ControlField } from "./control-field.js";
import { CopyButton } from "./copy-button.js";
import { EngineField, engineOf } from "./engine-field.js";
import { program } from "./program.js";
import { Progress } from "./progress.js";
import { parseRoute, rememberParams, routeHash } from "./route.js";
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
  const [goal, setGoal] = useState(() => Math.min(Number(params.get("at")) || 0, 100_000));
  useEffect(() => {
    if (goal > 0) handle.run(goal);
  }, []);
  const at = seen && seen.status !== "running" ? seen.steps : 0;
  const paramsAt = (steps: number): URLSearchParams => {
    const now = paramsOf(controls, state);
    if (engine !== "auto") now.set("engine", engine);
    if (steps > 0) now.set("at", String(steps));
    return now;
  };
  useEffect(() => {
    if (running) return;
    // On the first round the shared result is still to be computed.
    rememberParams(paramsAt(at || (phase === "idle" ? goal : 0)));
    if (at > 0 || phase === "failed") setGoal(0);
  }, [state, engine, at, phase]);
  useEffect(() => () => setGoal(0), [state, engine]);

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
        <CopyButton text={() => linkTo(paramsAt(seen?.steps ?? 0))}>Copy link</CopyButton>
        <CopyButton text={() => program(id, paramsState(state, initial))}>Copy this demo as code</CopyButton>
      </div>
      {goal > 0 && running && (
        <p class="quiet">
          Computing the shared result: step {seen?.steps ?? 0} of {goal}{" "}
          <progress value={seen?.steps ?? 0} max={goal} aria-label="Computing the shared result" />
        </p>
      )}
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

/** The address of this page with these parameters. */
const linkTo = (params: URLSearchParams): string =>
  new URL(routeHash(parseRoute(location.hash).path, params), location.href).href;

const paramsState = (state: DemoState, initial: DemoState): DemoState =>
  Object.fromEntries(Object.entries(state).filter(([name, value]) => initial[name] !== value));

const isState = (state: DemoState, initial: DemoState, given: DemoState): boolean =>
  Object.entries(state).every(([name, value]) => value === (given[name] ?? initial[name]));
