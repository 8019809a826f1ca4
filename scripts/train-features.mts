// Trains the classifiers behind Fluxion's Fréchet distances on the 60,000 training images of Fashion-MNIST and writes
// packages/fluxion/assets/features/*.onnx. About five minutes on two cores:
//   apt-get install dataset-fashion-mnist && npx tsx --conditions fluxion-source scripts/train-features.mts
import { mkdirSync, writeFileSync } from "node:fs";
import { compile, random, relu, tensor, logSoftmax, takeAlongAxis, type Tensor } from "fluxion";
import { averagePool, batches, gatherRows, loadDataset, toSigned, type ArrayData } from "fluxion/data";
import { conv, linear, type Model } from "fluxion/nn";
import { exportOnnx } from "fluxion/onnx";
import { adamw, warmupCosineSchedule } from "fluxion/optim";
import { train } from "fluxion/train";

const target = new URL("../packages/fluxion/assets/features/", import.meta.url);
const sets = {
  train: await loadDataset("fashion-mnist", { split: "train" }),
  test: await loadDataset("fashion-mnist"),
};

type Outputs = { features: Tensor; logits: Tensor; hidden?: Tensor };
type Network = { init: (key: Tensor) => unknown; apply: (params: never, images: Tensor) => Outputs };

/** Two convolutions of stride 2, 64 units, 10 classes: 105,866 parameters. */
function convolutional(): Network {
  const layers = [conv(1, 16, { stride: 2 }), conv(16, 32, { stride: 2 })] as const;
  const [hidden, output] = [linear(32 * 7 * 7, 64), linear(64, 10)];
  type Params = { a: never; b: never; hidden: never; output: never };
  return {
    init: (key) => {
      const [a, b, c, d] = random.keys(key, 4);
      return { a: layers[0].init(a), b: layers[1].init(b), hidden: hidden.init(c), output: output.init(d) };
    },
    apply: (params: Params, images) => {
      const h = relu(layers[1].apply(params.b, relu(layers[0].apply(params.a, images))));
      const features = relu(hidden.apply(params.hidden, h.flatten(1)));
      return { features, logits: output.apply(params.output, features) };
    },
  };
}

/** 49-128-64-10: 15,306 parameters. @param open whether the first layer is an output, too */
function perceptron(open = false): Network {
  const layers: Model<never>[] = [linear(49, 128), linear(128, 64), linear(64, 10)] as never;
  return {
    init: (key) => random.keys(key, 3).map((k, i) => layers[i]!.init(k)),
    apply: (params: never[], images) => {
      const h = relu(layers[0]!.apply(params[0]!, images.flatten(1)));
      const features = relu(layers[1]!.apply(params[1]!, h));
      const logits = layers[2]!.apply(params[2]!, features);
      return { features, logits, ...(open ? { hidden: h } : {}) };
    },
  };
}

async function fit(
  name: string,
  network: Network,
  { pool, epochs, seed = 0 }: { pool: number; epochs: number; seed?: number },
): Promise<void> {
  const images = (part: keyof typeof sets): ArrayData<Float32Array> =>
    averagePool(toSigned(sets[part].images), pool);
  const x = images("train");
  const y = sets.train.labels;
  const batchSize = 128;
  const steps = Math.floor(x.shape[0]! / batchSize) * epochs;
  const stream = batches({ n: x.shape[0]!, batchSize, seed });
  const { params } = await train({
    params: network.init(random.key(seed)) as never,
    loss: (p: never, batch: { x: Tensor; y: Tensor }) => {
      const { logits } = network.apply(p, batch.x);
      return takeAlongAxis(logSoftmax(logits), batch.y.reshape([-1, 1]), 1)
        .mean()
        .neg();
    },
    optimizer: adamw({
      learningRate: warmupCosineSchedule({ peak: 2e-3, warmupSteps: 100, steps }),
      weightDecay: 1e-2,
    }),
    batches: () => {
      const { indices } = stream.next().value;
      const [rows, labels] = [gatherRows(x, indices), gatherRows(y, indices)];
      return { x: tensor(rows.data, { shape: rows.shape }), y: tensor(labels.data) };
    },
    steps,
    recordEvery: 500,
    onRecord: ({ step, loss }) => console.log(`${name}: step ${step} of ${steps}, loss ${loss.toFixed(3)}`),
  });
  const test = images("test");
  const score = compile((batch: Tensor) => network.apply(params, batch).logits.argmax(1));
  let right = 0;
  for (let from = 0; from < 10_000; from += 1000) {
    const part = gatherRows(
      test,
      Array.from({ length: 1000 }, (_, i) => from + i),
    );
    const guess = await (await score(tensor(part.data, { shape: part.shape }))).data();
    for (let i = 0; i < 1000; i++) if (Number(guess[i]) === sets.test.labels.data[from + i]) right++;
  }
  const bytes = await exportOnnx(
    (p: never, batch: Tensor) => network.apply(p, batch),
    [tensor(new Float32Array((2 * test.data.length) / 10_000), { shape: [2, ...test.shape.slice(1)] })],
    {
      params,
      dynamicBatch: true,
      inputNames: ["images"],
      metadata: { testAccuracy: (right / 10_000).toFixed(4) },
    },
  );
  mkdirSync(target, { recursive: true });
  writeFileSync(new URL(`${name}.onnx`, target), bytes);
  console.log(`${name}: ${right / 100} % of the 10,000 test images, ${(bytes.length / 1024).toFixed(0)} KiB`);
}

// Names of networks as arguments train only these.
const wanted = process.argv.slice(2);
const networks = {
  "fashion-mnist-7": () => fit("fashion-mnist-7", perceptron(), { pool: 4, epochs: 15 }),
  // For losses: another seed, so that nothing is trained on the features that it is measured by.
  "fashion-mnist-7-perceptual": () =>
    fit("fashion-mnist-7-perceptual", perceptron(true), { pool: 4, epochs: 15, seed: 1 }),
  "fashion-mnist": () => fit("fashion-mnist", convolutional(), { pool: 1, epochs: 8 }),
};
for (const [name, run] of Object.entries(networks)) {
  if (wanted.length === 0 || wanted.includes(name)) await run();
}
