import { useEffect, useRef, useState } from "preact/hooks";
import type { Examples, OnnxReply, OnnxRequest, ParamLine } from "./onnx-protocol.js";
import { saveFile } from "./save-file.js";
import { CurvesChart } from "./views/curves-chart.js";
import { brief } from "./views/numbers.js";

type Opened = Extract<OnnxReply, { type: "opened" }>;

/** A playground: an ONNX file, its graph in numbers, its gradient, its last layers tuned on a few images. */
export function OnnxPage() {
  const [name, setName] = useState("");
  const [opened, setOpened] = useState<Opened>();
  const [params, setParams] = useState<readonly ParamLine[]>([]);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [label, setLabel] = useState(0);
  const [examples, setExamples] = useState<readonly (Examples & { count: number })[]>([]);
  const [losses, setLosses] = useState<readonly (readonly [number, number])[]>([]);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const worker = useRef<Worker>();
  const fileName = useRef("");

  useEffect(() => {
    document.title = "Bring an ONNX model · Fluxion gallery";
    return () => worker.current?.terminate();
  }, []);
  const ask = (request: OnnxRequest): void => {
    setBusy(true);
    setProblem("");
    worker.current?.postMessage(request);
  };
  const open = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    worker.current?.terminate();
    const made = new Worker(new URL("./onnx.worker.ts", import.meta.url), { type: "module" });
    worker.current = made;
    fileName.current = file.name;
    setOpened(undefined);
    setExamples([]);
    setLosses([]);
    setSaid("");
    made.onmessage = ({ data }: MessageEvent<OnnxReply>) => {
      if (data.type === "record") {
        setLosses((was) => (data.last ? was : [...was, [data.step, data.loss]]));
        if (data.last) setSaid(`Tuned; the loss is ${brief(data.loss)}.`);
        setBusy(!data.last);
        return;
      }
      setBusy(false);
      if (data.type === "opened") {
        setOpened(data);
        setParams(data.params);
        setChosen(data.params.slice(-2).map((p) => p.path));
      } else if (data.type === "gradients") {
        setParams(data.params);
        setSaid(
          `Mean square of the last output at random inputs: ${brief(data.value)}; its gradient is below.`,
        );
      } else if (data.type === "file")
        saveFile(data.bytes, fileName.current.replace(/(\.onnx)?$/, "-tuned.onnx"));
      else setProblem(data.message);
    };
    made.onerror = (event) => {
      event.preventDefault();
      setBusy(false);
      setProblem(event.message || "The engine could not be loaded.");
    };
    setName(file.name);
    ask({ type: "open", bytes: new Uint8Array(await file.arrayBuffer()) });
  };
  const addImages = async (files: FileList | null): Promise<void> => {
    const shape = opened?.image;
    if (!files || !shape) return;
    try {
      const images = await Promise.all([...files].map((file) => pixelsOf(file, shape)));
      const data = new Float32Array(images.reduce((sum, image) => sum + image.length, 0));
      images.forEach((image, i) => data.set(image, i * image.length));
      setExamples([...examples, { images: data, labels: images.map(() => label), count: images.length }]);
      setProblem("");
    } catch {
      setProblem("One of these files is not a picture that the browser can read.");
    }
  };
  const tune = (): void => {
    const all = new Float32Array(examples.reduce((sum, e) => sum + e.images.length, 0));
    let at = 0;
    for (const { images } of examples) {
      all.set(images, at);
      at += images.length;
    }
    setLosses([]);
    const joined = { images: all, labels: examples.flatMap((e) => e.labels) };
    ask({ type: "tune", examples: joined, paths: chosen, steps: 40, learningRate: 0.01 });
  };

  return (
    <article>
      <h1>Bring an ONNX model</h1>
      <p class="lead">
        Drop a file: see what it is made of, differentiate it, tune some of its parameters on a few images,
        take it home again. It does not leave this machine.
      </p>
      <section
        class="stage"
        aria-label="Playground"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void open(event.dataTransfer?.files[0]);
        }}
      >
        <div class="controls">
          <label>
            An ONNX file
            <input type="file" name="model" onChange={(event) => void open(event.currentTarget.files?.[0])} />
          </label>
        </div>
        {problem && (
          <p role="alert" class="failure">
            {problem}
          </p>
        )}
        <p role="status" class="quiet">
          {busy ? "Working …" : said}
        </p>
        {opened && <Facts name={name} summary={opened.summary} />}
        {opened && (
          <>
            <div class="buttons">
              <button disabled={busy} onClick={() => ask({ type: "differentiate" })}>
                Differentiate
              </button>
              <button disabled={busy} onClick={() => ask({ type: "save" })}>
                Download ONNX
              </button>
            </div>
            <Params
              list={params}
              chosen={chosen}
              toggle={(path) =>
                setChosen(chosen.includes(path) ? chosen.filter((p) => p !== path) : [...chosen, path])
              }
            />
            <h2>Tune on your images</h2>
            {opened.image ? (
              <>
                <p>
                  The model takes images of {opened.image.join(" × ")}; pictures are scaled to that, values to
                  −1 … 1. Ticked parameters change, by cross entropy of the last output.
                </p>
                <div class="controls">
                  <label>
                    Class of the next images
                    <input
                      type="number"
                      min={0}
                      name="label"
                      value={label}
                      onInput={(event) =>
                        setLabel(Math.max(0, Math.round(Number(event.currentTarget.value))))
                      }
                    />
                  </label>
                  <label>
                    Images of that class
                    <input
                      type="file"
                      name="images"
                      accept="image/*"
                      multiple
                      onChange={(event) => void addImages(event.currentTarget.files)}
                    />
                  </label>
                </div>
                <p class="quiet">
                  {examples.map((e) => `class ${e.labels[0]}: ${e.count}`).join(", ") || "No images yet."}
                </p>
                <div class="buttons">
                  <button
                    class="main"
                    disabled={busy || examples.length === 0 || chosen.length === 0}
                    onClick={tune}
                  >
                    Tune for 40 steps
                  </button>
                </div>
              </>
            ) : (
              <p>Only models with one float32 input [N, C, H, W] of fixed size can be tuned here.</p>
            )}
            {losses.length > 0 && (
              <figure class="view curves">
                <figcaption>Cross entropy</figcaption>
                <CurvesChart
                  view={{
                    ...{ kind: "curves", title: "Cross entropy", x: { label: "step" }, y: { label: "loss" } },
                    curves: [{ name: "loss", points: losses }],
                  }}
                />
              </figure>
            )}
          </>
        )}
      </section>
    </article>
  );
}

function Facts({ name, summary }: { name: string; summary: Opened["summary"] }) {
  const { producer, opset, inputs, outputs, operators, nodes, weights, bytes, flops, why } = summary;
  const entry = (e: (typeof inputs)[number]): string =>
    `${e.name}: ${e.type} [${e.shape?.join(", ") ?? "?"}]`;
  return (
    <figure class="view figures">
      <figcaption>{name}</figcaption>
      <dl>
        {[
          ["producer, operator set", `${producer || "not named"}, ${opset}`],
          ["inputs", inputs.map(entry).join("; ")],
          ["outputs", outputs.map(entry).join("; ")],
          ["weights", `${weights.toLocaleString("en")} numbers, ${(bytes / 1e6).toFixed(2)} MB`],
          [
            "operations of one run",
            flops === undefined ? `not known: ${why}` : `${flops.toLocaleString("en")} FLOPs`,
          ],
          [
            `${nodes} operators`,
            Object.entries(operators)
              .map(([op, n]) => `${op} × ${n}`)
              .join(", "),
          ],
        ].map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </figure>
  );
}

function Params(props: {
  list: readonly ParamLine[];
  chosen: readonly string[];
  toggle: (path: string) => void;
}) {
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="Parameters">
      <table>
        <caption>Parameters; those that are ticked may be tuned</caption>
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col">shape</th>
            <th scope="col">norm of the gradient</th>
          </tr>
        </thead>
        <tbody>
          {props.list.map(({ path, shape, gradient }) => (
            <tr key={path}>
              <th scope="row">
                <label>
                  <input
                    type="checkbox"
                    checked={props.chosen.includes(path)}
                    onChange={() => props.toggle(path)}
                  />{" "}
                  {path}
                </label>
              </th>
              <td class="number">[{shape.join(", ")}]</td>
              <td class="number" data-gradient={gradient}>
                {gradient === undefined ? "" : brief(gradient)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A picture as float32 [C, H, W] in [−1, 1]. */
async function pixelsOf(
  file: Blob,
  [channels, h, w]: readonly [number, number, number],
): Promise<Float32Array> {
  const picture = await createImageBitmap(file);
  const context = new OffscreenCanvas(w, h).getContext("2d")!;
  context.drawImage(picture, 0, 0, w, h);
  const { data } = context.getImageData(0, 0, w, h);
  const out = new Float32Array(channels * h * w);
  for (let i = 0; i < h * w; i++) {
    const rgb = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
    const grey = 0.299 * rgb[0]! + 0.587 * rgb[1]! + 0.114 * rgb[2]!;
    for (let c = 0; c < channels; c++) out[c * h * w + i] = (channels === 3 ? rgb[c]! : grey) / 127.5 - 1;
  }
  return out;
}
