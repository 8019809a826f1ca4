import type { DemoState } from "fluxion/demo";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ControlField } from "../control-field.js";
import { CopyButton } from "../copy-button.js";
import { engineOf } from "../engine-field.js";
import { rememberParams } from "../route.js";
import { paramsOf, stateOf } from "../state.js";
import { Classes } from "./classes.js";
import { controlsFor, type OnnxSetting } from "./controls.js";
import { examples, type ExampleName } from "./example-names.js";
import { arrangement, imageInput, openFields, type Chosen } from "./inputs.js";
import { lastLayers, layersOf } from "./layers.js";
import { LayersTable } from "./layers-table.js";
import { OpenPanel } from "./open-panel.js";
import { heldOut, mostPictures, pack, readPictures, unpack, type Fit, type Picture } from "./pictures.js";
import type { Range } from "./pixels.js";
import { PredictionsPanel } from "./predictions.js";
import { SummaryCard } from "./summary-card.js";
import { TunePanel } from "./tune-panel.js";
import { useOnnx } from "./use-onnx.js";

/** A browser's tab holds a model several times over. */
const mostBytes = 256e6;

const exampleOf = (params: URLSearchParams): ExampleName | undefined => {
  const name = params.get("example") ?? "";
  return Object.hasOwn(examples, name) ? (name as ExampleName) : undefined;
};

/** A playground: an ONNX file, its graph in numbers, its gradient, its last layers tuned on a few images. */
export function OnnxPage({ params }: { params: URLSearchParams }) {
  const [example, setExample] = useState(() => exampleOf(params));
  const [setting, setSetting] = useState<DemoState>(() => stateOf(controlsFor(example), params));
  const [engine, setEngine] = useState(() => engineOf(params));
  const [source, setSource] = useState<{ name: string; model: Uint8Array | ExampleName }>();
  const [chosen, setChosen] = useState<Chosen>({});
  const [pictures, setPictures] = useState<readonly Picture[]>([]);
  const [names, setNames] = useState<Readonly<Record<number, string>>>({});
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const model = useOnnx();
  const { opened, arranged, predictions, gradients, busy } = model;
  const controls = controlsFor(example);
  const { tune, rate, steps, held: share, range, fit } = setting as unknown as OnnxSetting;

  const openExample = (
    name: ExampleName,
    state = stateOf(controlsFor(name), new URLSearchParams()),
  ): void => {
    setExample(name);
    setSetting(state);
    setSource({ name, model: name });
  };
  const openFile = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    if (file.size > mostBytes) {
      const mega = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
      model.fail(`${file.name} has ${mega(file.size)}; at most ${mega(mostBytes)} fit in a page.`);
      return;
    }
    if (file.type.startsWith("image/")) {
      model.fail("This is an image: open a model first, then drop images on their class.");
      return;
    }
    // What was set for an example is not meant for a file.
    if (example) setSetting(stateOf(controlsFor(undefined), new URLSearchParams()));
    setExample(undefined);
    setPictures([]);
    setNames({});
    const bytes = new Uint8Array(await file.arrayBuffer());
    setSource({ name: file.name.replace(/\.onnx$/i, ""), model: bytes });
  };
  useEffect(() => {
    document.title = "Bring an ONNX model · Fluxion gallery";
    if (example) openExample(example, setting);
  }, []);
  useEffect(() => {
    if (!source) return;
    setChosen({});
    setTicked(new Set());
    model.open(source.name, source.model, engine);
  }, [source, engine]);
  useEffect(() => {
    const now = paramsOf(controls, setting);
    // Ticks are not in the address.
    if (tune === "own") now.delete("tune");
    if (engine !== "auto") now.set("engine", engine);
    if (example) rememberParams(new URLSearchParams([["example", example], ...now]));
    else rememberParams(now);
  }, [example, setting, engine]);

  const inputs = opened?.summary.inputs;
  const image = useMemo(() => inputs && imageInput(inputs), [inputs]);
  useEffect(() => {
    if (!opened) return;
    if (opened.example) {
      setNames({ ...opened.example.classes });
      void unpack(opened.example.images).then(setPictures);
    } else if (image?.channels === 3 && range === "unit")
      setSetting((was) => ({ ...was, range: "imagenet" }));
  }, [opened]);
  useEffect(() => {
    if (inputs) model.ask({ type: "arrange", ...arrangement(inputs, chosen) });
  }, [inputs, chosen]);

  const classes = arranged?.classes;
  const every = { none: 0, quarter: 4, half: 2 }[share] ?? 4;
  const held = useMemo(
    () =>
      heldOut(
        pictures.map((p) => p.label),
        every,
      ),
    [pictures, every],
  );
  useEffect(() => {
    if (!image || classes === undefined || !inputs || (pictures.length === 0 && !predictions)) return;
    const { shapes } = arrangement(inputs, chosen);
    const sizes = shapes[image.name]!.slice(1);
    const [h, w] = image.layout === "nchw" ? sizes.slice(1) : sizes;
    const images = pack(pictures, [h!, w!, image.channels], { fit: fit as Fit, every });
    model.ask({ type: "images", images, range: range as Range });
  }, [arranged, pictures, range, fit, every]);

  const layers = useMemo(
    () => (opened && arranged ? layersOf(arranged.costs, opened.params) : []),
    [opened, arranged],
  );
  const tuned = useMemo(
    () => (tune === "own" ? ticked : new Set(lastLayers(layers, tune === "all" ? "all" : Number(tune)))),
    [layers, tune, ticked],
  );
  const tick = (paths: readonly string[], on: boolean): void => {
    const next = new Set(tuned);
    for (const path of paths)
      if (on) next.add(path);
      else next.delete(path);
    setTicked(next);
    setSetting({ ...setting, tune: "own" });
  };
  const add = async (files: readonly File[], label: number): Promise<void> => {
    try {
      const more = await readPictures(files, label);
      if (pictures.length + more.length > mostPictures) {
        throw new Error(`At most ${mostPictures} images fit in this page.`);
      }
      setPictures((was) => [...was, ...more]);
    } catch (error) {
      model.fail(error instanceof Error ? error.message : String(error));
    }
  };
  const field = (name: keyof OnnxSetting) => (
    <ControlField
      {...{ name, control: controls[name]! }}
      value={setting[name]!}
      set={(value) => setSetting({ ...setting, [name]: value })}
    />
  );
  const hindrance =
    new Set(pictures.map((p) => p.label)).size < 2
      ? "Add images of at least two classes first."
      : tuned.size === 0
        ? "Tick at least one parameter."
        : undefined;
  return (
    <article>
      <h1>Bring an ONNX model</h1>
      <p class="lead">
        Open a trained model, see what it is made of, and teach it something new with a few images, here in
        the browser. It does not leave this machine.
      </p>
      <section
        class="stage"
        aria-label="Playground"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void openFile(event.dataTransfer?.files[0]);
        }}
      >
        <h2>Model</h2>
        <OpenPanel
          {...{ model, example, chosen, engine, setEngine, openExample }}
          openFile={(file) => void openFile(file)}
          fields={inputs ? openFields(inputs) : []}
          choose={setChosen}
          reset={() => source && setSource({ ...source })}
        />
        {opened && <SummaryCard opened={opened} arranged={arranged} />}
        {opened && arranged && (
          <>
            <h2>Tune</h2>
            {image && classes !== undefined ? (
              <>
                <p>
                  {classes} classes. The ticked parameters change so that the images get their class; cross
                  entropy, Adam.
                </p>
                <details open={!example}>
                  <summary>
                    Classes and images ({pictures.length} {pictures.length === 1 ? "image" : "images"})
                  </summary>
                  <Classes
                    {...{ names, pictures }}
                    count={classes}
                    rename={(label, name) => setNames({ ...names, [label]: name })}
                    add={(files, label) => void add(files, label)}
                    clear={(label) => setPictures(pictures.filter((p) => p.label !== label))}
                  />
                  <div class="controls">
                    {field("range")}
                    {field("fit")}
                    {field("held")}
                  </div>
                </details>
                <div class="controls">
                  {field("tune")}
                  {field("rate")}
                  {field("steps")}
                </div>
                <TunePanel
                  {...{ model, steps, hindrance }}
                  tune={() => model.ask({ type: "tune", paths: [...tuned], steps, learningRate: rate })}
                  stop={model.stop}
                  save={() => model.ask({ type: "save" })}
                />
                {predictions && (
                  <PredictionsPanel
                    {...{ predictions, pictures, held }}
                    nameOf={(label) => names[label] || `class ${label}`}
                  />
                )}
              </>
            ) : (
              <p>
                Images can be tuned on where a model has one float32 input of images, [N, C, H, W] or [N, H,
                W, C] with 1 or 3 channels, and an output [N, K] of scores. This one can be looked at and
                differentiated.
              </p>
            )}
            <h2>Layers</h2>
            <div class="buttons">
              <button
                disabled={busy !== undefined || arranged.why !== undefined}
                onClick={() => model.ask({ type: "differentiate" })}
              >
                Differentiate
              </button>
              {gradients && (
                <span class="quiet" role="status">
                  {gradients.of === "images"
                    ? "Gradient of the cross entropy of the images"
                    : "Gradient of the mean square of the last output at random inputs"}
                </span>
              )}
            </div>
            <LayersTable {...{ layers }} norms={gradients?.norms} chosen={tuned} choose={tick} />
          </>
        )}
        <div class="buttons">
          <CopyButton text={() => location.href}>Copy link</CopyButton>
        </div>
      </section>
    </article>
  );
}
