import type { DemoState } from "fluxion/demo";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ControlField } from "../control-field.js";
import { CopyButton } from "../copy-button.js";
import { EngineField, engineOf } from "../engine-field.js";
import type { Phase } from "../protocol.js";
import { Progress } from "../progress.js";
import { rememberParams } from "../route.js";
import { paramsOf, stateOf } from "../state.js";
import { useDemo, type DemoProgress } from "../use-demo.js";
import { Compare } from "./compare.js";
import { controls, counts } from "./controls.js";
import { packDrawing, sizeOf, unpackDrawing, type Drawing } from "./drawing.js";
import { Pad } from "./pad.js";
import { drawingOfPicture } from "./pictures.js";
import { shapeLabels, shapes, type ShapeName } from "./shapes.js";
import { TakeHome } from "./take-home.js";

const shapeNames = Object.keys(shapes) as ShapeName[];
const isShape = (name: string | null): name is ShapeName => name !== null && Object.hasOwn(shapes, name);

/** What an address says is drawn. */
function drawingOf(params: URLSearchParams): Drawing {
  const shape = params.get("shape");
  const drawn = unpackDrawing(params.get("draw") ?? "");
  return drawn ?? shapes[isShape(shape) ? shape : "spiral"];
}

/** A playground: draw points or drop a picture, and train a flow to them. */
export function StraightenPage({ params }: { params: URLSearchParams }) {
  const [drawing, setDrawing] = useState(() => drawingOf(params));
  const [state, setState] = useState<DemoState>(() => stateOf(controls, params));
  const [engine, setEngine] = useState(() => engineOf(params));
  const [steps, setSteps] = useState<number>(
    () => counts.find((n) => String(n) === params.get("compare")) ?? 1,
  );
  const [problem, setProblem] = useState("");
  const shape = shapeNames.find((name) => shapes[name] === drawing);
  const packed = useMemo(() => packDrawing(drawing), [drawing]);
  const handle = useDemo("straighten", { ...state, drawing: packed }, engine);
  const { phase, seen } = handle;
  const running = seen?.status === "running" || phase === "loading" || phase === "building";
  useEffect(() => {
    document.title = "Straighten your own · Fluxion gallery";
    // An address that names a number of turns is a result: it is computed again.
    const wanted = Number(params.get("at"));
    if (wanted > 0) handle.run(Math.min(wanted, 10_000));
  }, []);
  const at = seen && !running ? seen.steps : 0;
  useEffect(() => {
    if (running) return;
    const now = paramsOf(controls, state);
    if (shape === undefined) now.set("draw", packed);
    else if (shape !== "spiral") now.set("shape", shape);
    if (engine !== "auto") now.set("engine", engine);
    if (steps !== 1) now.set("compare", String(steps));
    if (at > 0) now.set("at", String(at));
    rememberParams(now);
  }, [state, packed, engine, steps, at, running]);

  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      setDrawing(await drawingOfPicture(file));
      setProblem("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "This file could not be read.");
    }
  };
  const empty = sizeOf(drawing) === 0;
  // Drawn again when there is something new to see, not at every word about the progress.
  const compared = useMemo(
    () => seen && <Compare views={seen.views} steps={steps} setSteps={setSteps} />,
    [seen?.views, steps],
  );
  return (
    <article>
      <h1>Straighten your own</h1>
      <p class="lead">
        Draw where points shall go. A network learns to carry noise there along bent paths, which takes many
        steps. Reflow trains it again on its own pairs of start and end: the paths become straight, and one
        step is enough.
      </p>
      <section
        class="stage"
        aria-label="Playground"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <div class="views">
          <Pad drawing={drawing} set={setDrawing} />
          <div>
            <div class="presets" role="group" aria-label="Drawings to begin with">
              {shapeNames.map((name) => (
                <button key={name} aria-pressed={name === shape} onClick={() => setDrawing(shapes[name])}>
                  {shapeLabels[name]}
                </button>
              ))}
            </div>
            <div class="buttons">
              <button disabled={empty} onClick={() => setDrawing(drawing.slice(0, -1))}>
                Undo
              </button>
              <button disabled={empty} onClick={() => setDrawing([])}>
                Clear
              </button>
              <span class="quiet">{sizeOf(drawing)} points</span>
            </div>
            <div class="controls">
              <label>
                Or a picture: its dark parts are taken
                <input
                  type="file"
                  accept="image/*"
                  onChange={(event) => void take(event.currentTarget.files?.[0])}
                />
              </label>
            </div>
            {problem && <p role="alert">{problem}</p>}
            <div class="buttons">
              {running ? (
                <button class="main" disabled={phase !== "ready"} onClick={handle.pause}>
                  Pause
                </button>
              ) : (
                <button class="main" disabled={empty || seen?.status === "done"} onClick={() => handle.run()}>
                  {seen?.status === "done"
                    ? "Done"
                    : seen && seen.steps > 0
                      ? "Continue"
                      : "Train and straighten"}
                </button>
              )}
              <button disabled={phase === "idle"} onClick={handle.reset}>
                Reset
              </button>
              <CopyButton text={() => location.href}>Copy link</CopyButton>
            </div>
            {seen?.phase && <PhaseLine seen={seen} phase={seen.phase} />}
            <Progress handle={handle} retryOnWasm={() => setEngine("wasm")} />
            <div class="controls">
              {Object.entries(controls).map(([name, control]) => (
                <ControlField
                  key={name}
                  {...{ name, control }}
                  value={state[name]!}
                  set={(value) => setState({ ...state, [name]: value })}
                />
              ))}
              <EngineField value={engine} set={setEngine} />
            </div>
          </div>
        </div>
        <div class="result" data-steps={seen?.steps ?? 0} data-status={seen?.status ?? phase}>
          {compared}
        </div>
      </section>
      <TakeHome
        ready={seen !== undefined && !running}
        download={() => handle.download("straightened.onnx")}
      />
    </article>
  );
}

/** How far it is, and how long it will take. */
function PhaseLine({ seen, phase }: { seen: NonNullable<DemoProgress["seen"]>; phase: Phase }) {
  const left = (seen.pace * seen.steps * (1 - phase.done)) / phase.done / 1000;
  // The first turns compile and say little.
  const known = seen.status === "running" && seen.steps > 4 && phase.done > 0;
  return (
    <p class="phase" data-done={phase.done}>
      <progress value={phase.done} aria-label="Progress" />
      <span>
        {phase.text}
        {known && `, about ${left < 10 ? Math.ceil(left) : 5 * Math.ceil(left / 5)} s left`}
      </span>
    </p>
  );
}
