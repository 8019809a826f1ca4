import { cond } from "../../core/cond.js";
import { CompileError } from "../../core/errors.js";
import { scan } from "../../core/scan.js";
import { normalizeAxis } from "../../core/shape.js";
import { constant, type Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { graph, input, known, number, numbers, type Call, type Translations } from "../call.js";

/** A branch known while tracing is taken; otherwise both become branches of the program. */
function branch(call: Call): readonly Tensor[] {
  const [yes, no] = [graph(call, "then_branch"), graph(call, "else_branch")];
  const predicate = input(call, 0);
  const decided = known(predicate)?.[0];
  if (decided !== undefined) return call.run(decided !== 0 ? yes : no, []);
  const sides = [yes, no].map((side) => call.captures(side));
  const names = [...new Set(sides.flatMap((s) => s.names))];
  const values = names.map((name) => sides.flatMap((s) => s.values[s.names.indexOf(name)] ?? [])[0]!);
  const side =
    (g: typeof yes) =>
    (...args: Tensor[]): Tensor[] =>
      call.run(g, [], new Map(args.map((t, i) => [names[i]!, t])));
  return cond(predicate.reshape([]), side(yes), side(no), ...values);
}

/** Loops whose number of steps is known are unrolled: their values may change shape from step to step. */
const MAX_STEPS = 1024;

function loop(call: Call): readonly Tensor[] {
  const body = graph(call, "body");
  const count = call.inputs[0] ? known(call.inputs[0])?.[0] : Infinity;
  let go = call.inputs[1] ? known(call.inputs[1])?.[0] : 1;
  let state = call.inputs.slice(2).map((_, i) => input(call, i + 2));
  const stacked: Tensor[][] = body.outputs.slice(1 + state.length).map(() => []);
  for (let step = 0; ; step++) {
    if (count === undefined || go === undefined || (step >= MAX_STEPS && step < count && go !== 0)) {
      throw new CompileError({
        where: call.type,
        want: `a number of steps known while tracing, at most ${MAX_STEPS}`,
        got: "another",
      });
    }
    if (step >= count || go === 0) break;
    const results = call.run(body, [constant(step, "int64"), constant(go !== 0, "bool"), ...state]);
    go = known(results[0])?.[0];
    state = results.slice(1, 1 + state.length);
    results.slice(1 + state.length).forEach((t, i) => stacked[i]!.push(t));
  }
  if (stacked.some((list) => list.length === 0)) {
    throw new CompileError({ where: call.type, want: "at least one step for stacked outputs", got: "none" });
  }
  return [...state, ...stacked.map((list) => ops.stack(list))];
}

function scanLoop(call: Call): readonly Tensor[] {
  if (call.opset < 9)
    throw new CompileError({ where: call.type, want: "Scan of opset 9", got: String(call.opset) });
  const body = graph(call, "body");
  const slices = number(call, "num_scan_inputs");
  const all = call.inputs.map((_, i) => input(call, i));
  const state = all.slice(0, all.length - slices);
  const outputs = body.outputs.length - state.length;
  const list = (name: string, length: number): readonly number[] =>
    numbers(call, name) ?? new Array<number>(length).fill(0);
  const inAxes = list("scan_input_axes", slices);
  const outAxes = list("scan_output_axes", outputs);
  const inBack = list("scan_input_directions", slices);
  const outBack = list("scan_output_directions", outputs);
  const xs = all.slice(state.length).map((t, i) => {
    const moved = ops.moveAxis(t, normalizeAxis(call.type, inAxes[i]!, t.rank), 0);
    return inBack[i] ? ops.flip(moved, 0) : moved;
  });
  const step = (carry: Tensor[], x: Tensor[]): [Tensor[], Tensor[]] => {
    const results = call.run(body, [...carry, ...x]);
    return [results.slice(0, carry.length), results.slice(carry.length)];
  };
  const [last, ys] = scan(step, state, xs);
  return [
    ...last,
    ...ys.map((t, i) => {
      const ordered = outBack[i] ? ops.flip(t, 0) : t;
      return ops.moveAxis(ordered, 0, normalizeAxis(call.type, outAxes[i]!, t.rank));
    }),
  ];
}

/** Branches and loops. */
export const controlFlow: Translations = { If: branch, Loop: loop, Scan: scanLoop };
