import { expect, it } from "vitest";
import { OptionError, ShapeError, stack, tensor, type Tensor } from "../index.js";
import { samplePoints, type PointSetName } from "../data/points.js";
import { seededUniform } from "../data/seeded.js";
import { transportCost } from "./diagnostics.js";
import { empiricalVelocity } from "./exact.js";
import { kernelVelocity } from "./kernel-velocity.js";
import { sampleOde } from "./sample.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const points = (name: PointSetName, n: number, seed: number): Tensor => {
  const { data, shape } = samplePoints(name, n, seededUniform(seed));
  return tensor(data, { shape });
};

it("all convex costs are non-increasing: |·|, |·|², |·|⁴ (unit check 5)", async () => {
  const [x0, x1] = [points("eight-gaussians", 500, 1), points("moons", 500, 2)];
  const z0 = points("eight-gaussians", 200, 3);
  const velocity = kernelVelocity(x0, x1, { bandwidth: 0.1, neighbours: 50 });
  const z1 = sampleOde(velocity, z0, { steps: 30, to: 0.98 });
  const powers = [1, 2, 4];
  const before = await numbers(stack(powers.map((p) => transportCost(x0, x1, { p }))));
  const after = await numbers(stack(powers.map((p) => transportCost(z0, z1, { p }))));
  powers.forEach((p, i) => expect(after[i], `|·|^${p}`).toBeLessThan(before[i]!));
});

it("a wide kernel over all pairs gives the mean velocity", async () => {
  const [x0, x1] = [points("rings", 60, 1), points("moons", 60, 2)];
  const velocity = kernelVelocity(x0, x1, { bandwidth: 1e4, neighbours: 1000 });
  const z = tensor([[0.5, -1]]);
  const want = await numbers(x1.mean(0).sub(z).div(0.5));
  (await numbers(velocity(z, tensor(0.5)))).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 4));
});

it("with one neighbour it points to the datum of the nearest pair", async () => {
  const x0 = tensor([
    [0, 0],
    [10, 10],
  ]);
  const x1 = tensor([
    [1, 2],
    [-5, 4],
  ]);
  const velocity = kernelVelocity(x0, x1, { neighbours: 1 });
  const got = await numbers(
    velocity(
      tensor([
        [0.4, 0.9],
        [3, 6],
      ]),
      tensor(0.5),
    ),
  );
  [1.2, 2.2, -16, -4].forEach((want, i) => expect(got[i]).toBeCloseTo(want, 4));
});

it("on independent pairs it approaches the exact field of the data", async () => {
  const data = [
    [1, 0],
    [-1, 1],
  ];
  const n = 4000;
  const gauss = seededUniform(5);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - gauss())) * Math.cos(2 * Math.PI * gauss());
  const x0 = tensor(Float32Array.from({ length: 2 * n }, normal), { shape: [n, 2] });
  const x1 = tensor(
    Float32Array.from({ length: 2 * n }, (_, i) => data[(i >> 1) % 2]![i % 2]!),
    { shape: [n, 2] },
  );
  const z = tensor([
    [0.2, 0.3],
    [-0.5, 0.6],
  ]);
  const t = tensor(0.5);
  const kernel = await numbers(kernelVelocity(x0, x1, { bandwidth: 0.1, neighbours: 400 })(z, t));
  const exact = await numbers(empiricalVelocity(tensor(data))(z, t));
  kernel.forEach((v, i) => expect(Math.abs(v - exact[i]!)).toBeLessThan(0.25));
});

it("refuses what is no set of pairs", () => {
  const x = tensor([[1, 2]]);
  expect(() => kernelVelocity(x, tensor([[1]]))).toThrow(ShapeError);
  expect(() => kernelVelocity(tensor([1]), tensor([1]))).toThrow(ShapeError);
  for (const options of [{ bandwidth: 0 }, { neighbours: 0 }, { neighbours: 1.5 }, { h: 1 }]) {
    expect(() => kernelVelocity(x, x, options)).toThrow(OptionError);
  }
});
