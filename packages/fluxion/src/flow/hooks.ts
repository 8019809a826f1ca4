import { OptionError } from "../core/errors.js";
import { Tensor } from "../core/tensor.js";
import type { Tap } from "../nn/tap.js";
import type { AsyncVelocity, Velocity } from "./sample.js";
import type { Evaluation, Solver } from "./solver.js";

/** Where a sampler is when a step begins. */
export interface StepPoint {
  /** Scalar. */
  readonly t: Tensor;
  /** Scalar: the time that the step takes, negative on a descending grid. */
  readonly dt: Tensor;
  /** Steps before this one, int32 scalar. */
  readonly index: Tensor;
  /** Steps in all. */
  readonly steps: number;
}

/** One evaluation of the velocity within a step. */
export interface EvaluationPoint extends Evaluation {
  readonly step: StepPoint;
  /** 0 for the first evaluation of the step. */
  readonly stage: number;
}

/** What a hook has at hand. */
export interface HookMemory<State, Input> {
  /** What it carries from evaluation to evaluation. */
  readonly state: State;
  /** The step's slice of its `inputs`. */
  readonly input: Input;
}

/** A velocity, or a start of a step, with what the hook keeps: `state` for itself, `output` for the caller. */
export interface Predicted<State, Output> {
  readonly v: Tensor;
  readonly state?: State;
  readonly output?: Output;
}

/**
 * A change of a sampler as pure functions over explicit state, so that a sampler with hooks is still one loop in a graph
 * that can be compiled, differentiated and exported. States, inputs and outputs are trees of Tensors. Of several hooks the
 * first is the innermost: the others see what it gives.
 */
export interface SampleHook<State = unknown, Input = unknown, Output = unknown> {
  readonly name: string;
  /** The state before the first step. Default: none. */
  init?(x: Tensor): State;
  /** A tree with a leading axis of one entry a step. */
  readonly inputs?: Input;
  /** Stands in for the velocity: guidance, views, taps. */
  predict?(
    velocity: Velocity,
    at: EvaluationPoint,
    memory: HookMemory<State, Input>,
  ): Predicted<State, Output>;
  /**
   * Moves the point that a step starts from, once the velocity there is known. The step takes the velocity that is given
   * back as its first, without another evaluation.
   */
  steer?(
    at: EvaluationPoint & { readonly v: Tensor },
    velocity: Velocity,
    memory: HookMemory<State, Input>,
  ): Predicted<State, Output> & { readonly x: Tensor };
  /** Changes where a step has ended. */
  afterStep?(
    x: Tensor,
    at: StepPoint,
    memory: HookMemory<State, Input>,
  ): { readonly x: Tensor; readonly state?: State };
}

/** What the loop carries: the point, the solver's memory and the states of the hooks. */
export type Carried = { x: Tensor; memory?: Tensor; states: unknown[] };

/** The carried values before the first step. @internal */
export const begin = (x: Tensor, hooks: readonly SampleHook[]): Carried => ({
  x,
  states: hooks.map((hook) => hook.init?.(x) ?? []),
});

/** What a step is given besides the carried values. */
export interface StepSetting {
  readonly solver: Solver;
  readonly hooks: readonly SampleHook[];
  /** Slices of the hooks' inputs. */
  readonly inputs: readonly unknown[];
  readonly at: StepPoint;
  /** Where sampling began. */
  readonly start: Tensor;
}

/** An evaluation of a step, and the how manieth it is. */
type Asked = Evaluation & { readonly stage: number };

/** What a step works on: states in place, outputs by hook in the order they are given. */
interface Running {
  readonly states: unknown[];
  readonly outputs: unknown[][];
  /** The velocity that a steering hook may trace. */
  readonly trial: Velocity;
}

/**
 * The velocity as the hooks make it, at one evaluation. States are read when it is called; `running` gets what they keep,
 * if it is given.
 */
function hooked(
  velocity: Velocity,
  { hooks, inputs, at: step }: StepSetting,
  states: readonly unknown[],
  stage: number,
  running?: Running,
): Velocity {
  return hooks.reduce<Velocity>((inner, hook, i) => {
    if (!hook.predict) return inner;
    return (x, t, outer) => {
      const seen: Velocity = (z, s, own) => inner(z, s, chain(own, outer));
      const memory = { state: states[i], input: inputs[i] };
      const predicted = hook.predict!(seen, { x, t, stage, step }, memory);
      if (running) keep(running, i, predicted);
      return predicted.v;
    };
  }, velocity);
}

function keep(
  { states, outputs }: Running,
  i: number,
  { state, output }: { readonly state?: unknown; readonly output?: unknown },
): void {
  if (state !== undefined) states[i] = state;
  if (output !== undefined) outputs[i]!.push(output);
}

/** A step as a generator of evaluations. */
function* stepping(now: Carried, setting: StepSetting, running: Running): Generator<Asked, Carried, Tensor> {
  const { hooks, inputs, solver, at } = setting;
  const { states, trial } = running;
  const memoryOf = (i: number) => ({ state: states[i], input: inputs[i] });
  let { x } = now;
  let first: Tensor | undefined;
  for (const [i, hook] of hooks.entries()) {
    if (!hook.steer) continue;
    first ??= yield { x, t: at.t, stage: 0 };
    const steered = hook.steer({ x, t: at.t, stage: 0, step: at, v: first }, trial, memoryOf(i));
    keep(running, i, steered);
    [x, first] = [steered.x, steered.v];
  }
  const run = solver.step(x, at.t, at.dt, setting.start, now.memory);
  let next = run.next();
  for (let stage = 0; !next.done; stage++) {
    const given = stage === 0 ? first : undefined;
    next = run.next(given ?? (yield { ...next.value, stage }));
  }
  const end = next.value instanceof Tensor ? { x: next.value } : next.value;
  let point = end.x;
  for (const [i, hook] of hooks.entries()) {
    if (!hook.afterStep) continue;
    const after = hook.afterStep(point, at, memoryOf(i));
    keep(running, i, after);
    point = after.x;
  }
  return { ...end, x: point, states };
}

/** What the solver carries to the first step, as a generator of evaluations. */
function* beginning(
  now: Carried,
  setting: StepSetting,
  states: unknown[],
): Generator<Asked, Carried, Tensor> {
  const { x } = now;
  const run = setting.solver.begin?.(x, setting.at.t);
  if (!run) return { x, states };
  let next = run.next();
  while (!next.done) next = run.next(yield { ...next.value, stage: 0 });
  return { x, memory: next.value, states };
}

/** One step with hooks, or what comes before the first; calls `velocity` while it is traced. @internal */
export function takeStep(
  velocity: Velocity,
  now: Carried,
  setting: StepSetting,
  what: "begin" | "step",
): [Carried, outputs: unknown[][]] {
  const states = [...now.states];
  // What a hook tries out in steering is not kept.
  const trial = hooked(velocity, setting, states, 0);
  const running: Running = { states, outputs: setting.hooks.map(() => []), trial };
  const run = what === "step" ? stepping(now, setting, running) : beginning(now, setting, states);
  let next = run.next();
  while (!next.done) {
    const { x, t, stage } = next.value;
    next = run.next(hooked(velocity, setting, states, stage, running)(x, t));
  }
  return [next.value, running.outputs];
}

/** `takeStep` with a velocity that only evaluates. @throws OptionError for hooks that trace it @internal */
export async function takeStepAsync(
  velocity: AsyncVelocity,
  now: Carried,
  setting: StepSetting,
  what: "begin" | "step",
): Promise<Carried> {
  const refuse = (hook: string): never => {
    const want = "hooks that do not trace the velocity, which only evaluates";
    throw new OptionError({ where: "flow.sample: hooks", want, got: hook });
  };
  for (const hook of setting.hooks) if (hook.predict) refuse(hook.name);
  const running: Running = {
    states: [...now.states],
    outputs: setting.hooks.map(() => []),
    trial: () => refuse("one that does"),
  };
  const run = what === "step" ? stepping(now, setting, running) : beginning(now, setting, running.states);
  let next = run.next();
  while (!next.done) next = run.next(await velocity(next.value.x, next.value.t));
  return next.value;
}

/** @throws OptionError for a steering hook with a solver whose steps do not begin with the velocity at their start */
export function checkSteering(hooks: readonly SampleHook[], ...solvers: readonly Solver[]): void {
  const [hook, solver] = [hooks.find((h) => h.steer !== undefined), solvers.find((s) => s.begin)];
  if (!hook || !solver) return;
  const want = "a solver whose steps begin with the velocity at their start";
  throw new OptionError({ where: `flow.sample: ${hook.name}`, want, got: solver.name });
}

/** Both taps, the inner one first. */
const chain = (inner: Tap | undefined, outer: Tap | undefined): Tap | undefined =>
  inner && outer ? (site, layer, value) => outer(site, layer, inner(site, layer, value)) : (inner ?? outer);
