// The process that train/kill.test.ts kills: `node train-child.js <run folder>` begins or resumes a small run.
import { setTimeout } from "node:timers/promises";
import { uniform, key as randomKey } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { seededUniform } from "../data/seeded.js";
import "../ops/methods.js";
import { adam } from "../optim/index.js";
import { train } from "../train/index.js";
import { openRun } from "../train/node/index.js";

const steps = 1200;
let began = false;
const run = await openRun(process.argv[2]!, { config: { steps }, resume: true, checkpointEvery: 5 });
const result = await train({
  params: {
    hidden: tensor(Float32Array.from({ length: 32 }, seededUniform(1)), { shape: [2, 16] }),
    out: tensor(new Float32Array(16), { shape: [16, 1] }),
  },
  loss: ({ hidden, out }, { x, y }: { x: Tensor; y: Tensor }, key) =>
    x
      .add(uniform(key, x.shape, { min: -0.1, max: 0.1 }))
      .matmul(hidden)
      .tanh()
      .matmul(out)
      .sub(y)
      .square()
      .mean(),
  optimizer: adam({ learningRate: 0.01 }),
  batches: async (step) => {
    // Bounds the speed, so that the run outlasts the kills on any machine.
    await setTimeout(2);
    const draw = seededUniform(2, step);
    const x = Float32Array.from({ length: 16 }, () => 2 * draw() - 1);
    const y = Float32Array.from({ length: 8 }, (_, i) => Math.sin(3 * x[2 * i]!) * x[2 * i + 1]!);
    return { x: tensor(x, { shape: [8, 2] }), y: tensor(y, { shape: [8, 1] }) };
  },
  steps,
  key: randomKey(5),
  ema: 0.99,
  onProgress({ step }) {
    if (began) return;
    began = true;
    process.stdout.write(`at step ${step}\n`);
  },
  ...run.options,
});
await run.close();
process.stdout.write(`${result.status} ${result.step}\n`);
