// "Straighten your own": a flow from noise to points that somebody drew, trained, straightened, compared by steps.
import { compile, random, tensor, type Tensor } from "fluxion";
import { inTurns, type DemoRun, type View } from "fluxion/demo";
import {
  drawPairs,
  flowMlp,
  reflow,
  sampleOde,
  sampleTrajectory,
  straightness,
  transfer,
  velocityOf,
  type FlowMlpParams,
} from "fluxion/flow";
import { exportOnnx } from "fluxion/onnx";
import { adam } from "fluxion/optim";
import { slicedWasserstein } from "fluxion/train";

const network = flowMlp({ shape: [2], width: 64 });
const model = network.apply;
const [rows, shown, fine, stepsPerTurn] = [4000, 300, 40, 20];
const counts = [1, 2, 4, fine] as const;

/** A run that can be taken home. */
export interface FileRun extends DemoRun {
  /** The sampler as it is now, one Euler step from noise z [N, 2] to points, as an ONNX file. */
  readonly file: () => Promise<Uint8Array>;
}

/** @param drawn [N, 2] row-major, within [-2, 2], N ≥ 1 @param steps of each of the two trainings */
export async function straighten(drawn: Float32Array, steps: number): Promise<FileRun> {
  const noise = async (seed: number, n: number): Promise<Float32Array> =>
    (await random.normal(random.key(seed), [n, 2]).data()) as Float32Array;
  const source = { data: await noise(1, rows), shape: [rows, 2] };
  // Drawn points are few: they repeat, a little blurred.
  const blur = await noise(2, rows);
  const target = {
    data: blur.map((e, i) => drawn[((i >> 1) % (drawn.length / 2)) * 2 + (i & 1)]! + 0.02 * e),
    shape: [rows, 2],
  };
  const z = tensor(await noise(3, shown), { shape: [shown, 2] });
  const stop = new AbortController();
  const losses: [number, number][][] = [];
  const distances: { name: string; points: [number, number][] }[] = [];
  let params: FlowMlpParams = network.init(random.key(0));

  const look = compile((p: FlowMlpParams, start: Tensor) => {
    const velocity = velocityOf(model, p);
    const trajectory = sampleTrajectory(velocity, start, { steps: fine });
    const ends = counts.map((n) => sampleOde(velocity, start, { steps: n }));
    return { trajectory, ends, straightness: straightness(trajectory) };
  });

  const turns = inTurns(async (pause) => {
    let raw = params;
    for (const round of [0, 1]) {
      const curve: [number, number][] = [];
      losses.push(curve);
      const common = {
        ...{ model, params: raw, steps, seed: round, ema: { decay: 0.99, warmup: true } },
        ...{ optimizer: adam({ learningRate: 2e-3 }), stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn },
        onRecord: ({ step, loss }: { step: number; loss: number }) => void curve.push([step, loss]),
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
            params = snapshot.ema!.average;
            await pause();
          },
        },
        signal: stop.signal,
      };
      const teacher = params;
      const result =
        round === 0
          ? await transfer({ ...common, source, target })
          : await reflow({
              ...common,
              data: await drawPairs(
                async (start) => sampleOde(velocityOf(model, teacher), start, { steps: fine }),
                {
                  ...{ n: rows, batchSize: rows, shape: [2] },
                  source: () => tensor(source.data, { shape: source.shape }),
                },
              ),
            });
      raw = result.params;
    }
  });

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const seen = await look(params, z);
      const ends = await Promise.all(seen.ends.map(async (t) => (await t.data()) as Float32Array));
      const real = { data: target.data.subarray(0, 2000), shape: [1000, 2] };
      const far = ends.map((data) => slicedWasserstein({ data, shape: [shown, 2] }, real));
      const round = losses.length || 1;
      distances[round - 1] = {
        name: round === 1 ? "before reflow" : "after reflow",
        points: counts.map((n, i) => [n, far[i]!]),
      };
      const data = { name: "drawn", points: target.data.subarray(0, 1600) };
      return [
        {
          ...{ kind: "paths", count: shown, extent: 3 },
          title: round === 1 ? "Paths of the first flow" : "Paths after reflow",
          paths: (await seen.trajectory.data()) as Float32Array,
        },
        {
          ...{ kind: "points", title: "One step", extent: 3 },
          groups: [data, { name: "samples", points: ends[0]! }],
        },
        {
          ...{ kind: "points", title: `${fine} steps`, extent: 3 },
          groups: [data, { name: "samples", points: ends.at(-1)! }],
        },
        {
          ...{ kind: "curves", title: "Distance to the drawing by steps" },
          x: { label: "Euler steps", logarithmic: true },
          y: { label: "sliced Wasserstein" },
          curves: distances.map(({ name, points }) => ({ name, points: [...points] })),
        },
        {
          ...{ kind: "curves", title: "Training loss", x: { label: "step" }, y: { label: "loss" } },
          curves: losses.map((points, i) => ({ name: `${i + 1}-RF`, points: [...points] })),
        },
        {
          ...{ kind: "figures", title: "Now" },
          figures: [
            { name: "straightness", value: await seen.straightness.item(), note: "0 is straight" },
            ...counts.map((n, i) => ({ name: `distance, ${n} step${n > 1 ? "s" : ""}`, value: far[i]! })),
          ],
        },
      ];
    },
    file: () =>
      exportOnnx(
        (p: FlowMlpParams, start: Tensor) => sampleOde(velocityOf(model, p), start, { steps: 1 }),
        [z],
        { params, dynamicBatch: true, inputNames: ["noise"], outputNames: ["points"] },
      ),
    async release() {
      stop.abort();
      await turns.next();
      await look.release();
    },
  };
}
