import type { Control, DemoState } from "fluxion/demo";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { PaperPage } from "../content/types.js";
import { CopyButton } from "./copy-button.js";
import type { Engine } from "./protocol.js";
import { rememberParams } from "./route.js";
import { paramsOf, stateOf } from "./state.js";
import { useDemo, type DemoHandle } from "./use-demo.js";
import { ViewCard } from "./views/view-card.js";

type Demo = PaperPage["demo"];
const engines = { auto: "automatic", wasm: "Wasm", webgpu: "WebGPU" } as const;

/** The live demo: controls, presets, the run, and its state in the address. */
export function DemoStage({ id, demo, params }: { id: string; demo: Demo; params: URLSearchParams }) {
  const { controls, presets } = demo;
  const [state, setState] = useState<DemoState>(() => stateOf(controls, params));
  const [engine, setEngine] = useState<Engine | "auto">(() => {
    const asked = params.get("engine");
    return asked === "wasm" || asked === "webgpu" ? asked : "auto";
  });
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
      <h2 id="demo">Live</h2>
      <p>{demo.caption}</p>
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
        <label>
          Runs on
          <select value={engine} onChange={(e) => setEngine(e.currentTarget.value as Engine | "auto")}>
            {Object.entries(engines).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
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
      <div class="views" data-steps={seen?.steps ?? 0} data-status={seen?.status ?? phase}>
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

/** How far loading and running are, or what went wrong. */
export function Progress({ handle, retryOnWasm }: { handle: DemoHandle; retryOnWasm: () => void }) {
  const { phase, loaded, engine, adapter, seen, failure, left } = handle;
  if (phase === "failed" && failure) {
    return (
      <div role="alert" class="failure">
        <p>The demo stopped: {failure.message}</p>
        <p>
          <button onClick={() => handle.run()}>Try again</button>{" "}
          {failure.gpu && <button onClick={retryOnWasm}>Use Wasm instead</button>}
        </p>
      </div>
    );
  }
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return (
    <p class="quiet" role="status">
      {phase === "idle" && "The engine (about 14 MB) is loaded at the first start and kept."}
      {phase === "loading" && (
        <>
          Loading the engine{" "}
          {loaded && `: ${mega(loaded.bytes)}${loaded.total ? ` of ${mega(loaded.total)}` : ""} MB `}
          {loaded?.total && (
            <progress value={loaded.bytes} max={loaded.total} aria-label="Loading the engine" />
          )}
        </>
      )}
      {phase === "building" && "Compiling …"}
      {phase === "ready" &&
        seen &&
        `${seen.steps} steps${seen.status === "done" ? ", done" : ""} · ${
          engine === "webgpu" ? `WebGPU${adapter ? ` (${adapter})` : ""}` : "Wasm"
        }${seen.steps > 0 ? ` · ${seen.pace.toFixed(seen.pace < 10 ? 1 : 0)} ms a step` : ""}${left ? " · WebGPU cannot run this demo" : ""}`}
    </p>
  );
}

function ControlField(props: {
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
