import { expect, it } from "vitest";
import { tensor, type Tensor } from "fluxion";
import { clippedGradientSum } from "fluxion/privacy";
import { clippedSumOf, digitRecords } from "./bench.js";

it("sums clipped gradients in closed form as the library does in general", async () => {
  const records = await digitRecords(40);
  const { rows, n, dimensions } = records;
  for (let i = 0; i < n; i++) {
    const length = Math.hypot(...rows.subarray(i * dimensions, (i + 1) * dimensions));
    expect(length).toBeCloseTo(1, 12);
  }
  const general = clippedGradientSum({
    params: tensor(new Float32Array(dimensions)),
    loss: (w: Tensor, z: Tensor) => z.mul(w).sum().neg().exp().add(1).log(),
    batch: (examples) =>
      tensor(
        Array.from(examples, (e) => Array.from(rows.subarray(e * dimensions, (e + 1) * dimensions))),
        { dtype: "float32" },
      ),
    microBatch: 16,
  });
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const params = Float32Array.from({ length: dimensions }, (_, d) => Math.sin(d));
  const previous = params.map((v, d) => v + 0.3 * Math.cos(d));
  for (const query of [
    { params, radius: 1 },
    { params, radius: 0.4 },
    { params, previous, radius: 0.02 },
  ]) {
    const [a, b] = [await clippedSumOf(records)(query, all), await general(query, all)];
    a.forEach((v, d) => expect(Math.abs(v - b[d]!)).toBeLessThan(2e-5));
  }
  await general.release();
});
