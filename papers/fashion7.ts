// The bench that the flow papers share: Fashion-MNIST at 7 x 7, a network of 165,425 parameters, its training schedule and
// the Fréchet distance of its samples. Always the 10,000 images shipped with Fluxion, so that every machine measures the same.
import { averagePool, loadDataset, toSigned, type ArrayData } from "fluxion/data";
import { flowMlp } from "fluxion/flow";
import { adam, joinSchedules, linearSchedule, piecewiseSchedule, type Transform } from "fluxion/optim";
import { frechetDistance, loadFeatures, moments } from "fluxion/train";

/** Shape of one image. */
export const shape = [1, 7, 7] as const;

/** x + time → 256, two residual layers, an output that starts at 0. */
export const network = flowMlp({ shape });

/** The images as rows of a flow: float32 [10000, 1, 7, 7] in [−1, 1]. */
export async function loadFashion7(): Promise<ArrayData<Float32Array>> {
  const { images } = await loadDataset("fashion-mnist");
  return averagePool(toSigned(images), 4);
}

/** Adam at `learningRate` after 100 steps of warm-up, at a fifth of it for the last 30 %. */
export function benchOptimizer(steps: number, learningRate: number): Transform {
  const warmup = Math.min(100, Math.ceil(steps / 10));
  const late = Math.max(1, Math.round(0.7 * steps) - warmup);
  const rest = piecewiseSchedule({ boundaries: [late], values: [learningRate, learningRate / 5] });
  const rise = linearSchedule({ init: learningRate / warmup, end: learningRate, steps: warmup });
  return adam({ learningRate: joinSchedules([rise, rest], [warmup]) });
}

/** What every training run of the bench has in common. One thread: the network is too small to gain from more. */
export const benchTraining = {
  batchSize: 256,
  ema: { decay: 0.995, warmup: true },
  stepsPerCall: 20,
  threads: 1,
} as const;

/** Fréchet distance of samples to the real images, over the 64 features of a classifier. */
export interface Quality {
  (samples: ArrayData<Float32Array>): Promise<number>;
  release(): Promise<void>;
}

/** `Quality` against `real`, whose moments are taken once. */
export async function fashion7Quality(real: ArrayData<Float32Array>): Promise<Quality> {
  const net = await loadFeatures("fashion-mnist-7");
  const target = moments(await net.features(real));
  const distance = async (samples: ArrayData<Float32Array>): Promise<number> =>
    frechetDistance(target, moments(await net.features(samples)));
  return Object.assign(distance, { release: () => net.release() });
}
