import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { compile, evaluate, tensor, treeMap, valueAndGrad, zeros, type Tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in use by JavaScript, its buffers and ONNX Runtime, after what can go has gone. */
async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage.rss();
}

type Params = { w: Tensor; b: Tensor };

const loss = (p: Params, x: Tensor): Tensor => x.matmul(p.w).add(p.b).tanh().square().mean();
const update = (p: Params, x: Tensor): { value: Tensor; params: Params } => {
  const [value, g] = valueAndGrad(loss)(p, x);
  return { value, params: treeMap((a: Tensor, d: Tensor) => a.sub(d.mul(0.1)), p, g) };
};

/** 256 kB of parameters: a step that kept them would add 100 MB in 400 steps. */
const start = (): Params => ({ w: genericTensor([256, 256], 1, "float32"), b: zeros([256]) });

it("stays flat over 500 compiled training steps", { timeout: 60_000 }, async () => {
  const step = compile(update);
  const x = genericTensor([8, 256], 2, "float32");
  let params = start();
  const run = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const out = await step(params, x);
      params = out.params;
      await out.value.item();
    }
  };
  await run(100);
  const before = await bytesInUse();
  await run(400);
  expect((await bytesInUse()) - before).toBeLessThan(30e6);
  expect(step.stats).toHaveLength(1);
  expect(step.stats[0]!.runs).toBe(500);
  await step.release();
});

it(
  "stays flat over 500 lazily evaluated steps: values do not hold on to their history",
  { timeout: 60_000 },
  async () => {
    const x = genericTensor([8, 256], 2, "float32");
    let params = start();
    const run = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) params = (await evaluate(update(params, x))).params;
    };
    await run(100);
    const before = await bytesInUse();
    await run(400);
    expect((await bytesInUse()) - before).toBeLessThan(30e6);
  },
);

it("stays flat over 60 programs that are built and released", { timeout: 60_000 }, async () => {
  const build = async (times: number, from: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const f = compile((x: Tensor) => x.matmul(x).add(from + i));
      await f(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      );
      await f.release();
    }
  };
  await build(20, 0);
  const before = await bytesInUse();
  await build(60, 20);
  expect((await bytesInUse()) - before).toBeLessThan(30e6);
});
