import { expect, it } from "vitest";
import { OptionError, ShapeError } from "../core/errors.js";
import { averagePool, gatherRows, loadDataset, toSigned, type ArrayData } from "../data/index.js";
import { featureNetworkNames, loadFeatures, type FeatureNetworkName } from "./features.js";
import { frechetDistance, moments } from "./metrics/index.js";

const count = 1500;
const { images, labels } = await loadDataset("fashion-mnist");
const first = toSigned(
  gatherRows(
    images,
    Array.from({ length: count }, (_, i) => i),
  ),
);
const second = toSigned(
  gatherRows(
    images,
    Array.from({ length: count }, (_, i) => count + i),
  ),
);
const sized = (name: FeatureNetworkName, x: ArrayData<Float32Array>): ArrayData<Float32Array> =>
  name === "fashion-mnist" ? x : averagePool(x, 4);

it.each(featureNetworkNames)(
  "%s: classifies its images and tells real ones from wrong ones",
  async (name) => {
    const network = await loadFeatures(name);
    const [a, b] = [sized(name, first), sized(name, second)];
    const logits = await network.logits(a);
    expect(logits.shape).toEqual([count, 10]);
    let right = 0;
    for (let i = 0; i < count; i++) {
      const row = logits.data.subarray(10 * i, 10 * i + 10);
      if (row.indexOf(Math.max(...row)) === labels.data[i]) right++;
    }
    expect(right / count).toBeGreaterThan(name === "fashion-mnist" ? 0.88 : 0.83);
    const features = await network.features(a);
    expect(features.shape).toEqual([count, network.size]);
    const real = moments(features);
    const noise = { data: b.data.map((v, i) => v + ((i * 7919) % 13) / 13 - 0.5), shape: b.shape };
    const close = frechetDistance(real, moments(await network.features(b)));
    const far = frechetDistance(real, moments(await network.features(noise)));
    expect(far).toBeGreaterThan(3 * close);
    // Whole calls of 1,000 images and a remainder give what smaller calls give.
    const few = await network.features(gatherRows(a, [0, 1199, count - 1]));
    [0, 1199, count - 1].forEach((row, i) => {
      for (let j = 0; j < network.size; j++) {
        expect(few.data[i * network.size + j]).toBeCloseTo(features.data[row * network.size + j]!, 3);
      }
    });
    await expect(network.features({ data: new Float32Array(4), shape: [1, 4] })).rejects.toThrow(ShapeError);
    await network.release();
  },
);

it("refuses unknown names", async () => {
  await expect(loadFeatures("inception" as never)).rejects.toThrow(OptionError);
});
