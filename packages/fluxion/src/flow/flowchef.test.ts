import { expect, it } from "vitest";
import { customGradient, grad, OptionError, random, tensor, type Tensor } from "../index.js";
import { flowChefEdit } from "./flowchef-edit.js";
import { flowChef, freeDom, gradientAlignment, type FlowChefOptions } from "./flowchef.js";
import { masking, misfit } from "./measurement.js";
import { pnpFlow } from "./pnp-flow.js";
import { sampleOde, sampleOdeAsync, type Velocity } from "./sample.js";

const float64 = { dtype: "float64" } as const;
const x = random.normal(random.key(0), [2, 1, 2, 2], float64);
const reference = random.normal(random.key(1), [2, 1, 2, 2], float64);
const mask = tensor(
  [
    [
      [1, 0],
      [0, 1],
    ],
  ],
  float64,
);
const cost = misfit(masking(mask), reference.mul(mask));
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const largest = (t: Tensor): Promise<number> => t.abs().max().item();
const wavy: Velocity = (z, t) => z.mul(1.3).sin().sub(z.mul(t));

it("on a translation the residual shrinks by 1 − s a steered step, and nothing else moves (unit check 1)", async () => {
  const [steps, stepSize] = [7, 0.3];
  const still: Velocity = (z) => z.mul(0).add(0.4);
  const plain = sampleOde(still, x, { steps });
  const end = sampleOde(still, x, { steps, hooks: [flowChef({ cost, stepSize })] });
  const residual = plain
    .sub(reference)
    .mul(mask)
    .mul((1 - stepSize) ** (steps - 1));
  expect(await largest(end.sub(reference).mul(mask).sub(residual))).toBeLessThan(1e-14);
  expect(await largest(end.sub(plain).mul(mask.neg().add(1)))).toBeLessThan(1e-14);
});

it("on v = a·x the exact gradient is (1 + (1 − t)·a) times FlowChef's (unit check 2)", async () => {
  const [a, t] = [-0.8, 0.3];
  const v: Velocity = (z) => z.mul(a);
  const data = (z: Tensor): Tensor => z.add(v(z, tensor(t)).mul(1 - t));
  const exact = grad((z: Tensor) => cost(data(z)).sum())(x);
  const skipped = grad((z: Tensor) => cost(z).sum())(data(x));
  expect(await largest(exact.sub(skipped.mul(1 + (1 - t) * a)))).toBeLessThan(1e-14);
  // One steered step of each, unsteered otherwise.
  const first = { grid: [t, 1], hooks: [flowChef({ cost, stepSize: 1, skipLast: 0 })] };
  const moved = x.sub(skipped.mul(0.5));
  expect(await largest(sampleOde(v, x, first).sub(moved.add(v(x, tensor(t)).mul(1 - t))))).toBeLessThan(
    1e-14,
  );
  const second = { grid: [t, 1], hooks: [freeDom({ cost, stepSize: 1, skipLast: 0 })] };
  const freed = x.sub(exact.mul(0.5));
  expect(await largest(sampleOde(v, x, second).sub(freed.add(v(freed, tensor(t)).mul(1 - t))))).toBeLessThan(
    1e-14,
  );
});

it("no step, or nothing to correct, leaves every bit (unit check 3)", async () => {
  const plain = await numbers(sampleOde(wavy, x, { steps: 5 }));
  const none: FlowChefOptions[] = [
    { cost, stepSize: 0 },
    { cost, maxSteps: 0 },
    { cost, skipLast: 9 },
    { cost: (z) => z.mul(0).sum([1, 2, 3]) },
  ];
  for (const options of none)
    expect(await numbers(sampleOde(wavy, x, { steps: 5, hooks: [flowChef(options)] }))).toEqual(plain);
});

it("evaluates the network once a step and takes no gradient of it (unit check 4)", async () => {
  let calls = 0;
  const sealed = customGradient<[Tensor], Tensor>(
    (z) => z.sin(),
    () => {
      throw new Error("a gradient enters the network");
    },
  );
  const v: Velocity = (z) => (calls++, sealed(z));
  // Traced once for a loop of any length, so once a step.
  const end = sampleOde(v, x, { steps: 5, hooks: [flowChef({ cost, innerSteps: 3 })] });
  expect(calls).toBe(1);
  let evaluations = 0;
  const opaque = async (z: Tensor): Promise<Tensor> => {
    evaluations++;
    return tensor((await z.sin().data()).slice(), { shape: z.shape });
  };
  const same = await sampleOdeAsync(opaque, x, { steps: 5, hooks: [flowChef({ cost, innerSteps: 3 })] });
  expect(evaluations).toBe(5);
  expect(await largest(same.sub(end))).toBeLessThan(1e-14);
  expect(() => sampleOde(v, x, { steps: 5, hooks: [freeDom({ cost })] })).toThrow(/a gradient enters/);
});

it("treats every example by itself (unit check 5)", async () => {
  for (const hook of [flowChef, freeDom]) {
    const run = (z: Tensor, y: Tensor): Tensor =>
      sampleOde(wavy, z, {
        steps: 4,
        hooks: [hook({ cost: misfit(masking(mask), y.mul(mask)), stepSize: 0.4 })],
      });
    const both = run(x, reference);
    for (const i of [0, 1]) {
      const one = run(x.slice([i, i + 1]), reference.slice([i, i + 1]));
      expect(await largest(both.slice([i, i + 1]).sub(one))).toBeLessThan(1e-14);
    }
  }
});

it("steers towards the end: several steps within a step go further, and only as long as they may", async () => {
  const left = async (options: Partial<FlowChefOptions>): Promise<number> =>
    cost(sampleOde(wavy, x, { steps: 10, hooks: [flowChef({ cost, stepSize: 0.2, ...options })] }))
      .sum()
      .item();
  const [none, some, all, thrice] = [
    await left({ maxSteps: 0 }),
    await left({ maxSteps: 5 }),
    await left({}),
    await left({ innerSteps: 3 }),
  ];
  expect(none).toBeGreaterThan(some);
  expect(some).toBeGreaterThan(all);
  expect(all).toBeGreaterThan(thrice);
});

it("an edit that keeps everything predicts the image after a step of size 1 (unit check 6)", async () => {
  const base: Velocity = (z) => z.cos();
  const hook = flowChefEdit({ reference, keep: mask.mul(0).add(1), base, guidance: 0, stepSize: 1 });
  const at = { x, t: tensor(0.3, float64), v: wavy(x, tensor(0.3, float64)), stage: 0 };
  const step = { t: at.t, dt: tensor(0.1, float64), index: tensor(0, { dtype: "int32" }), steps: 5 };
  const { x: moved, v } = hook.steer!({ ...at, step }, wavy, { state: [], input: [] });
  expect(await largest(moved.add(v.mul(0.7)).sub(reference))).toBeLessThan(1e-14);
});

it("an edit keeps what is kept, guides the rest, and holds on to the whole image at first", async () => {
  const base: Velocity = (z) => z.mul(0);
  const wish: Velocity = (z) => z.mul(0).add(1);
  const edit = (options: object): Tensor =>
    sampleOde(wish, x, { steps: 20, hooks: [flowChefEdit({ reference, keep: mask, base, ...options })] });
  const free = mask.neg().add(1);
  const end = edit({ guidance: 2 });
  expect(await largest(end.sub(reference).mul(mask))).toBeLessThan(1e-4);
  expect(await largest(end.sub(x.add(3)).mul(free))).toBeLessThan(1e-12);
  const held = edit({ guidance: 2, fullSteps: 19 });
  expect(await largest(held.sub(reference))).toBeLessThan(1e-4);
  // Steering by what the base predicts aims the base at the image, not the sampler.
  const biased = edit({ steerWith: "base" });
  expect(await largest(biased.sub(end).mul(mask))).toBeGreaterThan(1e-3);
});

it("the alignment is 1 for straight flows and at the end, less where the network turns the gradient", async () => {
  const at = (v: Velocity, t: number): Promise<number> =>
    gradientAlignment(v, x, tensor(t, float64), cost).min().item();
  expect(await at((z) => z.mul(0).add(2), 0)).toBeCloseTo(1, 12);
  expect(await at((z) => z.mul(-0.5), 0)).toBeCloseTo(1, 12);
  const turned: Velocity = (z) => z.flip(3).mul(0.9);
  expect(await at(turned, 0)).toBeLessThan(0.95);
  expect(await at(turned, 0.99)).toBeGreaterThan(0.999);
});

it("plug-and-play fills what was not measured, and keeps what was", async () => {
  // Data that are all 0.5: the exact velocity, and so D(x, t) = 0.5.
  const v: Velocity = (z, t) => z.sub(0.5).neg().div(t.neg().add(1));
  const measurement = masking(mask);
  const run = (steps: number): Tensor =>
    pnpFlow(v, { measurement, y: mask.mul(0.5).add(x.mul(0)), key: random.key(3), steps });
  expect(await largest(run(5).sub(0.5))).toBeLessThan(1e-12);
  expect(() => pnpFlow(v, { measurement, y: x, key: random.key(0), steps: 0 })).toThrow(OptionError);
});

it("refuses what is no option", () => {
  const bad: [object, RegExp][] = [
    [{ cost, stepsize: 1 }, /stepsize/],
    [{ cost: 3 }, /cost, a function/],
    [{ cost, stepSize: -1 }, /stepSize/],
    [{ cost, innerSteps: 0 }, /innerSteps/],
    [{ cost, skipLast: 0.5 }, /skipLast/],
    [{ cost, maxSteps: NaN }, /maxSteps/],
  ];
  for (const [options, message] of bad) expect(() => flowChef(options as never)).toThrow(message);
  const base: Velocity = (z) => z;
  for (const options of [{ guidance: -1 }, { steerWith: "wanted" }, { fullSteps: -1 }, { stepSize: -1 }])
    expect(() => flowChefEdit({ reference, base, ...options } as never)).toThrow(OptionError);
});
