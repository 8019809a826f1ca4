import { expect, it } from "vitest";
import { OptionError, random, tensor, type Tensor } from "../index.js";
import { centreBox, gaussianBlur, masking, misfit, pooling, type Measurement } from "./measurement.js";

const float64 = { dtype: "float64" } as const;
const x = random.normal(random.key(0), [2, 3, 6, 8], float64);
const measurements: Measurement[] = [
  masking(centreBox([6, 8], [2, 4]).cast("float64")),
  pooling(2),
  gaussianBlur(3, 1),
];

it.each(measurements.map((m) => [m.name, m] as const))(
  "%s: ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩, and gain bounds A·Aᵀ",
  async (_, m) => {
    const ax = m.apply(x);
    let y = random.normal(random.key(1), ax.shape, float64);
    const [left, right] = [ax.mul(y).sum(), x.mul(m.adjoint(y)).sum()];
    expect(await left.item()).toBeCloseTo(await right.item(), 10);
    for (let i = 0; i < 8; i++) y = m.apply(m.adjoint(y));
    const next = m.apply(m.adjoint(y));
    const growth = await next.square().sum().div(y.square().sum()).sqrt().item();
    expect(growth).toBeLessThan(m.gain * (1 + 1e-9));
    expect(growth).toBeGreaterThan(m.gain * 0.5);
  },
);

it("hides a box in the middle, averages squares, keeps a flat image flat under a blur", async () => {
  expect(await centreBox([4, 4], 2).toArray()).toEqual([
    [
      [1, 1, 1, 1],
      [1, 0, 0, 1],
      [1, 0, 0, 1],
      [1, 1, 1, 1],
    ],
  ]);
  const image = tensor([
    [
      [
        [1, 3],
        [5, 7],
      ],
    ],
  ]);
  expect(await pooling(2).apply(image).toArray()).toEqual([[[[4]]]]);
  expect(
    await pooling(2)
      .adjoint(tensor([[[[8]]]]))
      .toArray(),
  ).toEqual([
    [
      [
        [2, 2],
        [2, 2],
      ],
    ],
  ]);
  const flat: Tensor = x.mul(0).add(1);
  expect(await gaussianBlur(3, 1).apply(flat).slice(0, 0, 2, 3).item()).toBeCloseTo(1, 12);
});

it("one step of size 1 down the misfit removes it, where A·Aᵀ is a multiple of the identity", async () => {
  for (const m of measurements.slice(0, 2)) {
    const y = m.apply(x);
    const z = x.mul(0);
    expect(await misfit(m, y)(x).sum().item()).toBe(0);
    // −½∇ = Aᵀ(y − A·z)/gain
    const moved = z.add(m.adjoint(y.sub(m.apply(z))).div(m.gain));
    expect(await misfit(m, y)(moved).max().item()).toBeLessThan(1e-20);
  }
  expect(misfit(measurements[1]!, measurements[1]!.apply(x))(x.add(1)).shape).toEqual([2]);
});

it("refuses what is none", () => {
  for (const make of [
    () => pooling(0),
    () => pooling(1.5),
    () => gaussianBlur(4, 1),
    () => gaussianBlur(3, 0),
    () => centreBox([4, 4], 5),
    () => centreBox([4, 4], [1, -1]),
  ])
    expect(make).toThrow(OptionError);
});
