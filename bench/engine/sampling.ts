// Sampling: eight Euler steps in one compiled program against a loop over a bare session of the same model.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { compile, evaluate, random, treeLeaves, type Tensor } from "fluxion";
import { sampleOde, velocityOf } from "fluxion/flow";
import { unet } from "fluxion/nn";
import { ModelProtoSchema, TensorProtoSchema } from "onnx-buf";
import * as ort from "onnxruntime-node";
import { cases } from "./cases.js";
import { feedsOf, type Feeds } from "./limit.js";
import { contestant, race, type Outcome } from "../timing.js";
import { uniform } from "./training.js";

const STEPS = 8;

/** Milliseconds of sampling a batch. */
export interface Sampling {
  /** `sampleOde` compiled with the parameters as arguments. */
  ours: Outcome;
  /** The same compiled with `frozen`. */
  oursFrozen: Outcome;
  /** A bare session with the parameters among its feeds, Euler's step in JavaScript. */
  raw: Outcome;
  /** The same with the parameters in the file, which lets ONNX Runtime lay them out beforehand. */
  rawFrozen: Outcome;
  /** Largest difference between the samples of the first two. */
  difference: number;
}

/** The model with those of its inputs made part of it. */
function freeze(bytes: Uint8Array, values: Feeds): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  for (const [name, t] of Object.entries(values)) {
    const data = t.data as Float32Array;
    graph.initializer.push(
      create(TensorProtoSchema, {
        name,
        dataType: 1,
        dims: t.dims.map(BigInt),
        rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
      }),
    );
  }
  graph.input = graph.input.filter(({ name }) => !(name in values));
  return toBinary(ModelProtoSchema, model);
}

/** Euler's method on the host, one run of the session a step. */
async function loop(
  session: ort.InferenceSession,
  x: Feeds,
  t: string,
  params: Feeds,
): Promise<Float32Array> {
  const [name, start] = Object.entries(x)[0]!;
  const state = Float32Array.from(start.data as Float32Array);
  const times = new Float32Array(start.dims[0]!);
  for (let i = 0; i < STEPS; i++) {
    times.fill(i / STEPS);
    const feeds = {
      ...params,
      [name]: new ort.Tensor("float32", state, start.dims),
      [t]: new ort.Tensor("float32", times, [times.length]),
    };
    const v = (await session.run(feeds))[session.outputNames[0]!]!.data as Float32Array;
    for (let k = 0; k < state.length; k++) state[k]! += v[k]! / STEPS;
  }
  return state;
}

/** Times the sampler of the U-Net. */
export async function sampling(reps: number): Promise<Sampling> {
  const { batch, side, widths, groups } = cases.unet;
  const model = unet({ channels: 1, widths: [...widths], groups });
  const fresh = model.init(random.key(0));
  // The zeros that training starts with would hide the work of the last layer.
  const x = uniform(batch, 1, side, side);
  const params = { ...fresh, out: { ...fresh.out, weight: uniform(1, widths[0], 3, 3).mul(0.1) } };
  await evaluate([...treeLeaves(params), x]);

  type Params = typeof params;
  const sample = compile((p: Params, start: Tensor) =>
    sampleOde(velocityOf(model.apply, p), start, { steps: STEPS }),
  );
  const frozenSample = compile(
    (start: Tensor) => sampleOde(velocityOf(model.apply, params), start, { steps: STEPS }),
    { frozen: true },
  );
  const velocity = compile((p: Params, start: Tensor, t: Tensor) => model.apply(p, start, t));
  const lowered = velocity.lower(params, x, uniform(batch));
  const feeds = await feedsOf(lowered.inputs, [params, x, uniform(batch)]);
  const [xName, tName] = lowered.inputs.slice(-2);
  const start = { [xName!]: feeds[xName!]! };
  const weights = Object.fromEntries(Object.entries(feeds).filter(([n]) => n !== xName && n !== tName));
  const session = await ort.InferenceSession.create(lowered.bytes);
  const frozen = await ort.InferenceSession.create(freeze(lowered.bytes, weights));

  const ours = (await (await sample(params, x)).data()) as Float32Array;
  const raw = await loop(session, start, tName!, weights);
  const difference = raw.reduce((most, v, i) => Math.max(most, Math.abs(v - ours[i]!)), 0);
  const times = await race(
    [
      contestant("ours", () => sample(params, x)),
      contestant("oursFrozen", () => frozenSample(x)),
      contestant("raw", () => loop(session, start, tName!, weights)),
      contestant("rawFrozen", () => loop(frozen, start, tName!, {})),
    ],
    reps,
  );
  await Promise.all([session.release(), frozen.release(), sample.release(), frozenSample.release()]);
  const [oursTime, oursFrozen, rawTime, rawFrozen] = ["ours", "oursFrozen", "raw", "rawFrozen"].map(
    (n) => times[n]!,
  );
  return { ours: oursTime!, oursFrozen: oursFrozen!, raw: rawTime!, rawFrozen: rawFrozen!, difference };
}
