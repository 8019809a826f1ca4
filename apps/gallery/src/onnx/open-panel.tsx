import { EngineField } from "../engine-field.js";
import type { Engine } from "../protocol.js";
import { examples, type ExampleName } from "./example-names.js";
import type { Chosen, OpenField } from "./inputs.js";
import type { OnnxState } from "./use-onnx.js";

/** The choice of a model, the sizes that it leaves open, and what is being done. */
export function OpenPanel(props: {
  model: OnnxState;
  example: ExampleName | undefined;
  openExample: (name: ExampleName) => void;
  openFile: (file: File | undefined) => void;
  fields: readonly OpenField[];
  chosen: Chosen;
  choose: (chosen: Chosen) => void;
  engine: Engine | "auto";
  setEngine: (engine: Engine | "auto") => void;
  reset: () => void;
}) {
  const { model, example, fields, chosen } = props;
  const { problem, busy, loaded, engine, opened } = model;
  return (
    <>
      <div class="presets" role="group" aria-label="Models to begin with">
        {(Object.keys(examples) as ExampleName[]).map((name) => (
          <button key={name} aria-pressed={name === example} onClick={() => props.openExample(name)}>
            {examples[name].label}
          </button>
        ))}
      </div>
      {example && <p class="note">{examples[example].text}</p>}
      {model.name === undefined && (
        <p class="note">
          Begin with one of these: they bring images along. Or open a file of yours, or drop it here.
        </p>
      )}
      <div class="controls">
        <label>
          An ONNX file
          <input
            type="file"
            name="model"
            onChange={(event) => {
              props.openFile(event.currentTarget.files?.[0]);
              // The same file may be chosen again.
              event.currentTarget.value = "";
            }}
          />
        </label>
        {fields.map(({ key, label, initial, least }) => (
          <label key={key}>
            {label}
            <input
              type="number"
              name={key}
              min={Number.isFinite(least) ? least : undefined}
              max={Number.isFinite(least) ? 1024 : undefined}
              value={chosen[key] ?? initial}
              onChange={(event) => {
                const value = Math.max(least, Math.round(Number(event.currentTarget.value)));
                props.choose({ ...chosen, [key]: Number.isFinite(least) ? Math.min(1024, value) : value });
              }}
            />
          </label>
        ))}
        <EngineField value={props.engine} set={props.setEngine} />
        {opened && (
          <div class="buttons">
            <button disabled={busy !== undefined} onClick={props.reset}>
              Reset
            </button>
          </div>
        )}
      </div>
      {problem && (
        <p role="alert" class="failure">
          {problem}
        </p>
      )}
      <p role="status" class="quiet" data-busy={busy ?? ""}>
        {loaded
          ? `Loading the engine: ${(loaded.loaded / 1e6).toFixed(1)} MB …`
          : busy
            ? `${busy} …`
            : model.name === undefined
              ? "Nothing leaves this machine."
              : [model.name, ...(engine ? [engineText(engine, model.threads)] : [])].join(" · ")}
      </p>
    </>
  );
}

const engineText = (engine: Engine, threads = 1): string =>
  engine === "webgpu" ? "WebGPU" : `Wasm, ${threads} ${threads === 1 ? "thread" : "threads"}`;
