import { expect, it } from "vitest";
import { compile, grad, tensor, where, type Tensor } from "../index.js";
import type { SampleHook } from "./hooks.js";
import { fireFlow } from "./rf-solver.js";
import { sampleHooked, sampleOde, sampleOdeAsync, sampleTrajectory, type Velocity } from "./sample.js";
import { euler, heun, midpoint } from "./solver.js";

const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const close = async (t: Tensor, want: readonly number[]): Promise<void> =>
  (await numbers(t)).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 12));
const velocity: Velocity = (x, t) => x.sin().add(t);

/** Adds its count of evaluations so far, and gives it out. */
const counting: SampleHook<Tensor, unknown, Tensor> = {
  name: "counting",
  init: (x) => x.sum().mul(0),
  predict: (inner, { x, t }, { state }) => ({
    v: inner(x, t).add(state),
    state: state.add(1),
    output: state,
  }),
};
const scaled = (factor: number): SampleHook => ({
  name: "scaled",
  predict: (inner, { x, t }) => ({ v: inner(x, t).mul(factor) }),
});

it("a hook that changes nothing leaves every bit, for one step, many, and another last one", async () => {
  const silent: SampleHook = { name: "silent", predict: (inner, { x, t }) => ({ v: inner(x, t) }) };
  for (const options of [{ steps: 1 }, { steps: 5, solver: heun }, { steps: 4, solver: heun, last: euler }]) {
    const [a, b] = [[], [silent]].map((hooks) => sampleOde(velocity, f64([0.3, -1]), { ...options, hooks }));
    expect(await numbers(b!)).toEqual(await numbers(a!));
  }
});

it("carries state from evaluation to evaluation, and gives out what each step gave", async () => {
  // dx/dt = count: 0, 1, 2, 3 in two Heun steps of 1/2 each.
  const still: Velocity = (x) => x.mul(0);
  const options = { steps: 2, solver: heun, hooks: [counting] as const };
  const { end, outputs } = sampleHooked(still, f64([1]), options);
  await close(end, [1 + (0.5 * (0 + 1)) / 2 + (0.5 * (2 + 3)) / 2]);
  expect(outputs[0]).toHaveLength(2);
  await close(outputs[0][0]!, [0, 2]);
  await close(outputs[0][1]!, [1, 3]);
  const split = sampleHooked(still, f64([1]), { ...options, last: euler, solver: euler, steps: 3 });
  await close(split.outputs[0][0]!, [0, 1, 2]);
});

it("the first hook is the innermost, and all taps see a value", async () => {
  const one: Velocity = (x) => x.mul(0).add(1);
  const v = async (...hooks: SampleHook[]) => sampleOde(one, f64([0]), { steps: 1, hooks }).item();
  const plus: SampleHook = { name: "plus", predict: (inner, { x, t }) => ({ v: inner(x, t).add(10) }) };
  expect(await v(scaled(3), plus)).toBe(13);
  expect(await v(plus, scaled(3))).toBe(33);
  const tapped: Velocity = (x, _, tap) => tap?.("value", 0, x.mul(0).add(1)) ?? x;
  const tapping = (change: (t: Tensor) => Tensor): SampleHook => ({
    name: "tapping",
    predict: (inner, { x, t }) => ({ v: inner(x, t, (_, __, value) => change(value)) }),
  });
  const hooks = [tapping((a) => a.mul(3)), tapping((a) => a.add(10))];
  for (const [list, want] of [
    [hooks, 13],
    [[...hooks].reverse(), 33],
  ] as const)
    expect(await sampleOde(tapped, f64([0]), { steps: 1, hooks: list }).item()).toBe(want);
});

it("takes a slice of its inputs at every step", async () => {
  const inputs = f64([1, 10, 100]);
  const given: SampleHook<unknown, Tensor> = {
    name: "given",
    inputs,
    predict: (_, { x }, { input }) => ({ v: x.mul(0).add(input) }),
  };
  const still: Velocity = (x) => x;
  await close(sampleTrajectory(still, f64([0]), { steps: 3, hooks: [given] }).reshape([4]), [
    0,
    1 / 3,
    11 / 3,
    37,
  ]);
  expect(() => sampleOde(still, f64([0]), { steps: 4, hooks: [given] })).toThrow(/leading axis of 4 steps/);
});

it("steers: the step takes the velocity it is given, and asks no more than without", async () => {
  let calls = 0;
  const counted: Velocity = (x, t) => (calls++, velocity(x, t));
  const moved: SampleHook = { name: "moved", steer: ({ x, v }) => ({ x: x.add(1), v }) };
  const end = sampleOde(counted, f64([0.3]), { steps: 1, solver: midpoint, hooks: [moved] });
  expect(calls).toBe(2);
  await close(end, [1.3 + Math.sin(1.3 + 0.5 * Math.sin(0.3)) + 0.5]);
  // A hook may look elsewhere, through the hooks that predict.
  const anew: SampleHook = {
    name: "anew",
    steer: ({ x, t }, v) => ({ x: x.add(1), v: v(x.add(1), t) }),
  };
  const twice = sampleOde(velocity, f64([0.3]), { steps: 1, hooks: [scaled(2), anew] });
  await close(twice, [1.3 + 2 * Math.sin(1.3)]);
  expect(() => sampleOde(velocity, f64([0.3]), { solver: fireFlow, hooks: [moved] })).toThrow(
    /moved.*fireflow/,
  );
});

it("changes where a step ends, knowing which it is", async () => {
  const last: SampleHook<Tensor> = {
    name: "last",
    init: (x) => x.mul(0),
    afterStep: (x, { index, steps }, { state }) => ({
      x: where(index.equal(steps - 1), state, x),
      state: state.add(x),
    }),
  };
  const still: Velocity = (x) => x.mul(0);
  await close(sampleOde(still, f64([2]), { steps: 4, hooks: [last] }), [6]);
});

it("is still one loop: its graph does not grow with the steps, and it has gradients", async () => {
  const hooks = [counting, scaled(0.5)];
  const nodes = (steps: number): number =>
    compile((x: Tensor) => sampleOde(velocity, x, { steps, hooks })).lower(f64([1])).nodes;
  expect(nodes(100)).toBe(nodes(5));
  const end = (x: Tensor): Tensor => sampleOde((z) => z.mul(3), x, { steps: 10, hooks: [scaled(0.5)] }).sum();
  expect(await grad(end)(f64([1])).item()).toBeCloseTo(1.15 ** 10, 10);
});

it("runs with a model that only evaluates, if no hook has to trace it", async () => {
  const moved: SampleHook<Tensor> = {
    name: "moved",
    init: (x) => x.sum(),
    steer: ({ x, v }, _, { state }) => ({ x: x.add(state), v, state: state.mul(0.5) }),
  };
  const options = { steps: 3, solver: midpoint, hooks: [moved] };
  const slow = async (x: Tensor, t: Tensor): Promise<Tensor> => tensor((await velocity(x, t).data()).slice());
  await close(
    await sampleOdeAsync(slow, f64([0.3, 1]), options),
    await numbers(sampleOde(velocity, f64([0.3, 1]), options)),
  );
  await close(
    await sampleOdeAsync(slow, f64([0.3, 1]), { steps: 3, solver: fireFlow }),
    await numbers(sampleOde(velocity, f64([0.3, 1]), { steps: 3, solver: fireFlow })),
  );
  const refused = (hook: SampleHook) => sampleOdeAsync(slow, f64([1]), { steps: 1, hooks: [hook] });
  await expect(refused(scaled(2))).rejects.toThrow(/do not trace.*scaled/);
  const anew: SampleHook = { name: "anew", steer: ({ x, t }, v) => ({ x, v: v(x, t) }) };
  await expect(refused(anew)).rejects.toThrow(/do not trace/);
});
