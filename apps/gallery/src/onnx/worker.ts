// Reads an ONNX file, predicts with it, differentiates it, tunes some of its parameters, writes it again.
import { cast, constant, FluxionError, FormatError, random, treePaths, type Tensor } from "fluxion";
import { importOnnx, replaceParams, summary, type NamedTree, type OnnxModel } from "fluxion/onnx";
import type { Snapshot } from "fluxion/train";
import { loadEngine } from "../engine.js";
import { classifier, normsOf } from "./classifier.js";
import { loadExample } from "./examples.js";
import { imageInput } from "./inputs.js";
import type { OnnxReply, OnnxRequest } from "./protocol.js";

type Asked<Type extends OnnxRequest["type"]> = Extract<OnnxRequest, { type: Type }>;

const post = (reply: OnnxReply): void => postMessage(reply);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

let bytes = new Uint8Array();
let model: OnnxModel | undefined;
let engine: Asked<"open">["engine"] = "auto";
let arranged: Asked<"arrange"> | undefined;
/** The output [B, K] whose entries are scores of classes. */
let scored: number | undefined;
let tuned: NamedTree | undefined;
let images: ReturnType<typeof classifier> | undefined;
/** Where the last tuning ended, with the paths that it changed. */
let left: { paths: string; snapshot: Snapshot<Tensor[]> } | undefined;
let stop = new AbortController();

const opened = (): OnnxModel => {
  if (!model) throw new Error("No model is open.");
  return model;
};

async function open({ model: from, engine: wanted }: Asked<"open">): Promise<void> {
  engine = wanted;
  let example;
  if (typeof from === "string") {
    // Making it may take the engine.
    await startEngine();
    const { model: made, ...rest } = await loadExample(from);
    bytes = new Uint8Array(made);
    example = rest;
  } else bytes = new Uint8Array(from);
  model = importOnnx(bytes, { where: "the file" });
  const params = treePaths(model.params).map(({ path, leaf }) => ({ path, shape: leaf.shape }));
  post({ type: "opened", summary: summary(bytes), params, ...(example && { example }) });
}

let starting: Promise<void> | undefined;
function startEngine(): Promise<void> {
  starting ??= loadEngine(
    engine,
    (loaded, total) => post({ type: "loading", loaded, total }),
    (message) => post({ type: "failed", message: `The graphics device was lost: ${message}` }),
  ).then(
    (ready) => post({ type: "ready", engine: ready.engine, threads: ready.threads }),
    (error: unknown) => {
      starting = undefined;
      throw error;
    },
  );
  return starting;
}

/** Inputs as the arrangement has them: random, or filled with the value that was given. */
function inputsOf(replaced: Readonly<Record<string, Tensor>> = {}): Tensor[] {
  const { shapes = {}, values = {} } = arranged ?? {};
  return opened().inputs.map(({ name, dtype }, i) => {
    if (replaced[name]) return replaced[name];
    const shape = shapes[name] ?? [];
    if (values[name] !== undefined) {
      const count = shape.reduce((a, b) => a * b, 1);
      return constant(Array<number>(count).fill(values[name]), dtype, shape);
    }
    return cast(random.normal(random.key(i), shape), dtype);
  });
}

/** Scores of classes [B, K]. */
function scoresOf(params: NamedTree, batch: Tensor): Tensor {
  const { name } = imageInput(summaryInputs())!;
  const out = opened().apply(params, ...inputsOf({ [name]: batch }))[scored!]!;
  return out.reshape([out.shape[0]!, -1]);
}
const summaryInputs = () => opened().inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape }));

async function arrange(asked: Asked<"arrange">): Promise<void> {
  arranged = asked;
  await images?.release();
  [images, left] = [undefined, undefined];
  const { flops, why, costs = [] } = summary(bytes, { where: "the file", ...pick(asked) });
  scored = undefined;
  let classes: number | undefined;
  if (why === undefined && imageInput(summaryInputs())) {
    opened()
      .apply(opened().params, ...inputsOf())
      .forEach(({ shape, dtype }, i) => {
        const long = shape.slice(1).filter((n) => n > 1);
        if (shape.length < 2 || long.length !== 1 || !dtype.startsWith("float")) return;
        [scored, classes] = [i, long[0]];
      });
  }
  post({ type: "arranged", flops, why, costs, classes });
}
const pick = ({ shapes, values }: Asked<"arrange">) => ({ shapes, values });

async function takeImages({ images: given, range }: Asked<"images">): Promise<void> {
  await images?.release();
  images = undefined;
  const input = imageInput(summaryInputs());
  if (!input || scored === undefined) throw new Error("This model does not score classes of images.");
  if (given.labels.length > 0) {
    images = classifier({ input, scores: scoresOf, images: given, range });
    await predict();
  } else post({ type: "predictions", before: [] });
}

async function predict(): Promise<void> {
  if (!images) return;
  await startEngine();
  const before = await images.predict(opened().params);
  post({ type: "predictions", before, ...(tuned && { after: await images.predict(tuned) }) });
}

async function differentiate(): Promise<void> {
  await startEngine();
  const params = tuned ?? opened().params;
  if (images) {
    post({ type: "gradients", of: "images", ...(await images.gradient(params)) });
    return;
  }
  const loss = (p: NamedTree, ...fed: Tensor[]): Tensor => {
    const named = Object.fromEntries(floats.map(({ name }, i) => [name, fed[i]!]));
    return opened()
      .apply(p, ...inputsOf(named))
      .filter((t) => t.dtype.startsWith("float"))
      .at(-1)!
      .square()
      .mean();
  };
  const floats = opened().inputs.filter(({ dtype }) => dtype.startsWith("float"));
  const names = new Set(floats.map((v) => v.name));
  const fed = inputsOf().filter((_, i) => names.has(opened().inputs[i]!.name));
  post({ type: "gradients", of: "random", ...(await normsOf(loss, params, fed)) });
}

async function tune({ paths, steps, learningRate }: Asked<"tune">): Promise<void> {
  if (!images) throw new Error("There are no images to tune on.");
  await startEngine();
  stop = new AbortController();
  const { signal } = stop;
  const resume = left?.paths === paths.join() ? left.snapshot : undefined;
  const from = resume?.step ?? 0;
  let shown = performance.now();
  const result = await images.tune(tuned ?? opened().params, {
    ...{ paths, learningRate, signal, resume, steps: from + steps },
    async onRecord(step, loss) {
      post({ type: "record", step, loss });
      // Lets messages in.
      if (performance.now() - shown > 50) {
        await turn();
        shown = performance.now();
      }
    },
  });
  tuned = result.params;
  left = { paths: paths.join(), snapshot: result.snapshot };
  post({ type: "tuned", stopped: signal.aborted });
  await predict();
}

async function save(): Promise<void> {
  post({ type: "file", bytes: tuned ? await replaceParams(bytes, tuned) : bytes });
}

function explained(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  if (!(error instanceof FluxionError) || model) return said;
  return error instanceof FormatError
    ? `This is not a whole ONNX file. ${said}`
    : `This model cannot be used here. ${said}`;
}

const tasks = {
  ...{ open, arrange, differentiate, tune, save },
  images: takeImages,
  // Handled when it arrives.
  stop: () => Promise.resolve(),
} as const;

let queue = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<OnnxRequest>) => {
  if (data.type === "stop") stop.abort();
  // One after the other.
  queue = queue
    .then(() => (tasks[data.type] as (asked: OnnxRequest) => Promise<void>)(data))
    .catch((error: unknown) => post({ type: "failed", message: explained(error) }))
    .then(() => post({ type: "done" }));
};
