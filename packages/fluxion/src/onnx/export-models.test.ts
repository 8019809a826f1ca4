import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { arange, compile, cumsum, random, scan, sort, tensor, type Tensor } from "../index.js";
import { dit, gpt, unet, type DitParams } from "../nn/index.js";
import { exportOnnx } from "./export.js";
import { importOnnx } from "./import.js";

const wave = (shape: number[], phase = 0): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + phase)),
    { shape },
  );

interface Subject {
  readonly name: string;
  readonly make: () => { params: unknown; fn: (params: never, ...args: Tensor[]) => Tensor };
  readonly args: (batch: number) => Tensor[];
}

const image = (batch: number): Tensor[] => [wave([batch, 1, 8, 8], batch), wave([batch], 1)];

const net = unet({ channels: 1, widths: [8, 16], groups: 4 });
const transformer = dit({ image: [1, 8, 8], patch: 4, width: 16, depth: 2, heads: 2 });
const language = gpt({ vocabulary: 11, context: 6, width: 16, depth: 2, heads: 2 });

const subjects: readonly Subject[] = [
  { name: "a U-Net", make: () => ({ params: net.init(random.key(0)), fn: net.apply }), args: image },
  {
    name: "a DiT",
    make: () => ({
      params: transformer.init(random.key(0)),
      fn: (params: DitParams, x: Tensor, t: Tensor) => transformer.apply(params, x, t),
    }),
    args: image,
  },
  {
    name: "a GPT",
    make: () => ({ params: language.init(random.key(0)), fn: language.apply }),
    args: (batch) => [
      arange(batch * 6)
        .remainder(11)
        .reshape([batch, 6]),
    ],
  },
  {
    name: "an Euler sampler of a U-Net",
    make: () => ({
      params: net.init(random.key(1)),
      fn: (params: ReturnType<typeof net.init>, x: Tensor) =>
        scan(
          (state: Tensor, t: Tensor): [Tensor, undefined] => [
            state.add(net.apply(params, state, t.broadcastTo([x.shape[0]!])).mul(0.25)),
            undefined,
          ],
          x,
          arange(0, 1, 0.25),
        )[0],
    }),
    args: (batch) => [wave([batch, 1, 8, 8], batch)],
  },
  {
    name: "sorting and sums over the batch",
    make: () => ({
      params: {},
      fn: (_: unknown, x: Tensor) =>
        cumsum(sort(x, 0), 0)
          .sub(x.max(0))
          .add(x.variance(0, { ddof: 1 })),
    }),
    args: (batch) => [wave([batch, 5], batch)],
  },
];

describe.each(subjects)("$name, of any batch size", ({ make, args }) => {
  it.each([false, true])(
    "portable: %s",
    async (portable) => {
      const { params, fn } = make();
      const examples = args(2);
      const bytes = await exportOnnx(fn, examples, { params, dynamicBatch: true, portable });
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
      const run = compile(fn);
      for (const batch of [2, 5]) {
        const inputs = args(batch);
        const feeds: Record<string, ort.Tensor> = {};
        for (const [i, t] of inputs.entries()) {
          const name = inputs.length === 1 ? "input" : `input${i}`;
          feeds[name] = new ort.Tensor(t.dtype as "float32", (await t.data()) as Float32Array, t.shape);
        }
        const got = (await session.run(feeds)).output!;
        const want = await run(params as never, ...inputs);
        expect(got.dims).toEqual(want.shape);
        const values = (await want.data()) as Float32Array;
        (got.data as Float32Array).forEach((v, i) => expect(Math.abs(v - values[i]!)).toBeLessThan(2e-5));
        // The file is one that the library itself reads.
        const model = importOnnx(bytes);
        const [again] = model.apply(model.params, ...inputs);
        const back = (await again!.data()) as Float32Array;
        back.forEach((v, i) => expect(Math.abs(v - values[i]!)).toBeLessThan(2e-5));
      }
      await run.release();
      await session.release();
    },
    30_000,
  );
});
