// Reads an ONNX file, differentiates it, trains some of its parameters, writes it again.
import { compile, grad, logSoftmax, random, tensor, treeMap, treePaths, type Tensor } from "fluxion";
import {
  exportOnnx,
  importOnnx,
  summary,
  type NamedTree,
  type OnnxModel,
  type OnnxValue,
} from "fluxion/onnx";
import { adam } from "fluxion/optim";
import { train } from "fluxion/train";
import { loadEngine } from "./engine.js";
import type { OnnxReply, OnnxRequest, ParamLine } from "./onnx-protocol.js";

let model: OnnxModel | undefined;
let params: NamedTree = {};

const post = (reply: OnnxReply): void => postMessage(reply);
const opened = (): OnnxModel => {
  if (!model) throw new Error("No model is open.");
  return model;
};
const shapeOf = ({ name, shape }: OnnxValue, batch: number): number[] => {
  if (!shape) throw new Error(`The file does not say what shape its input "${name}" has.`);
  return shape.map((size, i) => (typeof size === "number" ? size : i === 0 ? batch : 1));
};
const lines = (): ParamLine[] => treePaths(params).map(({ path, leaf }) => ({ path, shape: leaf.shape }));

function open(bytes: Uint8Array): void {
  model = importOnnx(bytes, { where: "the file" });
  params = model.params;
  const [first] = model.inputs;
  const shape = first?.shape?.slice(1);
  const isImage =
    model.inputs.length === 1 &&
    first?.dtype === "float32" &&
    shape?.length === 3 &&
    shape.every((n) => typeof n === "number");
  const image = isImage ? (shape as [number, number, number]) : undefined;
  post({ type: "opened", summary: summary(bytes), params: lines(), image });
}

async function differentiate(): Promise<void> {
  await loadEngine(
    "wasm",
    () => undefined,
    () => undefined,
  );
  const { apply, inputs } = opened();
  const wrong = inputs.find((input) => input.dtype !== "float32");
  if (wrong)
    throw new Error(`The input "${wrong.name}" is ${wrong.dtype}; random values are made for float32 only.`);
  const values = inputs.map((input, i) => random.normal(random.key(i), shapeOf(input, 1)));
  const loss = (p: NamedTree, ...x: Tensor[]): Tensor =>
    apply(p, ...x)[0]!
      .square()
      .mean();
  const run = compile((p: NamedTree, ...x: Tensor[]) => ({
    value: loss(p, ...x),
    norms: treePaths(grad(loss)(p, ...x)).map(({ leaf }) => leaf.square().sum().sqrt()),
  }));
  const { value, norms } = await run(params, ...values);
  const found = await Promise.all(norms.map((t) => t.item()));
  await run.release();
  post({
    type: "gradients",
    value: await value.item(),
    params: lines().map((line, i) => ({ ...line, gradient: found[i]! })),
  });
}

async function tune({
  examples,
  paths,
  steps,
  learningRate,
}: Extract<OnnxRequest, { type: "tune" }>): Promise<void> {
  await loadEngine(
    "wasm",
    () => undefined,
    () => undefined,
  );
  const { apply, inputs } = opened();
  const n = examples.labels.length;
  const shape = shapeOf(inputs[0]!, n);
  if (shape[0] !== n) throw new Error(`The file takes ${shape[0]} images at once, and there are ${n}.`);
  const images = tensor(examples.images, { shape });
  const outputs = apply(params, images);
  const [logits] = outputs.slice(-1);
  const classes = logits!.shape.at(-1)!;
  const bad = examples.labels.find((label) => label >= classes);
  if (logits!.shape.length !== 2 || bad !== undefined) {
    throw new Error(
      `The last output is [${logits!.shape.join(", ")}]: scores of classes 0 to ${classes - 1} are needed.`,
    );
  }
  const hot = new Float32Array(n * classes);
  examples.labels.forEach((label, i) => (hot[i * classes + label] = 1));
  const target = tensor(hot, { shape: [n, classes] });
  const all = new Map(treePaths(params).map(({ path, leaf }) => [path, leaf]));
  const chosen = paths.map((path) => all.get(path)!);
  const whole = (some: readonly Tensor[]): NamedTree =>
    treeMap((leaf: Tensor, path: string) => {
      const at = paths.indexOf(path);
      return at < 0 ? leaf : some[at]!;
    }, params);
  let last = NaN;
  const result = await train({
    params: chosen,
    steps,
    recordEvery: 1,
    optimizer: adam({ learningRate }),
    batches: () => ({ images, target }),
    loss: (some: Tensor[], batch: { images: Tensor; target: Tensor }) =>
      logSoftmax(apply(whole(some), batch.images).at(-1)!, -1)
        .mul(batch.target)
        .sum(-1)
        .mean()
        .neg(),
    onRecord({ step, loss }) {
      last = loss;
      post({ type: "record", step, loss, last: false });
    },
  });
  if (result.status !== "ok") throw new Error(`The training ended: ${result.status}.`);
  params = whole(result.params);
  post({ type: "record", step: steps, loss: last, last: true });
}

async function save(): Promise<void> {
  const { apply, inputs, outputs } = opened();
  const free = inputs.every(({ shape }) => typeof shape?.[0] === "string");
  const bytes = await exportOnnx(
    (p: NamedTree, ...x: Tensor[]) => apply(p, ...x),
    inputs.map((input, i) => random.normal(random.key(i), shapeOf(input, 2))),
    {
      ...{ params, dynamicBatch: free, portable: true },
      inputNames: inputs.map((v) => v.name),
      outputNames: outputs.map((v) => v.name),
    },
  );
  post({ type: "file", bytes });
}

self.onmessage = ({ data }: MessageEvent<OnnxRequest>) => {
  const work = async (): Promise<void> => {
    if (data.type === "open") open(data.bytes);
    else if (data.type === "differentiate") await differentiate();
    else if (data.type === "tune") await tune(data);
    else await save();
  };
  work().catch((error: unknown) =>
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
};
