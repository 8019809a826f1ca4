import { vjp } from "./autodiff.js";
import { isFloat, type DType } from "./dtypes.js";
import { checkOptions, OptionError, ShapeError, TreeError } from "./errors.js";
import { close, inline } from "./closed-graph.js";
import { apply, type EmitScope, type Graph, type Op } from "./node.js";
import { sameShape, showShape } from "./shape.js";
import { placeholder, type Tensor } from "./tensor.js";
import { flattenTree, matchTree, tensorLeaves } from "./tree.js";
import { batchFunction } from "./vmap.js";
import { add } from "../ops/arithmetic.js";
import { zerosLike } from "../ops/create.js";
import { broadcastTo, transpose } from "../ops/movement.js";

/** Inputs: carry, xs (leading axis T), constants. Outputs: last carry, ys (leading axis T), the carry before each step. */
type ScanAttrs = { body: Graph; carry: number; xs: number; length: number; reverse: boolean };

type Body = (carry: Tensor[], slices: Tensor[]) => { carry: Tensor[]; ys: Tensor[] };

/**
 * A loop over flat lists of Tensors. What `body` closes over becomes a constant of the loop (computed once, outside).
 * @internal
 */
export function scanTensors(loop: {
  body: Body;
  carry: Tensor[];
  xs: Tensor[];
  length: number;
  reverse?: boolean;
}): {
  carry: Tensor[];
  ys: Tensor[];
} {
  const { carry, length, reverse = false } = loop;
  const params = [
    ...carry.map((t) => placeholder(t.shape, t.dtype)),
    ...loop.xs.map((t) => placeholder(t.shape.slice(1), t.dtype)),
  ];
  const result = loop.body(params.slice(0, carry.length), params.slice(carry.length));
  checkCarry(carry, result.carry);
  const { graph, captured } = close([...result.carry, ...result.ys], params);
  const outputs = apply(scanOp, [...carry, ...loop.xs, ...captured], {
    body: graph,
    carry: carry.length,
    xs: loop.xs.length,
    length,
    reverse,
  });
  return {
    carry: outputs.slice(0, carry.length),
    ys: outputs.slice(carry.length, carry.length + result.ys.length),
  };
}

function checkCarry(before: Tensor[], after: Tensor[]): void {
  after.forEach((t, i) => {
    const want = before[i]!;
    if (!sameShape(t.shape, want.shape) || t.dtype !== want.dtype) {
      throw new ShapeError({
        where: `scan: carry ${i}`,
        want: `${want.dtype} ${showShape(want.shape)} after the step as before it`,
        got: `${t.dtype} ${showShape(t.shape)}`,
      });
    }
  });
}

const scanOp: Op<ScanAttrs> = {
  name: "Scan",
  infer(inputs, { body, carry, length }) {
    const stack = (t: { shape: readonly number[]; dtype: DType }) => ({
      shape: [length, ...t.shape],
      dtype: t.dtype,
    });
    return [
      ...inputs.slice(0, carry),
      ...body.results.slice(carry).map(stack),
      ...inputs.slice(0, carry).map(stack),
    ];
  },
  grad: scanGrad,
  batch: scanBatch,
  emit: emitScan,
};

/** Runs the loop backwards over the stored carries; the body's values are computed again from them. */
function scanGrad(
  { inputs, attrs, outputs }: { inputs: readonly Tensor[]; attrs: ScanAttrs; outputs: readonly Tensor[] },
  cts: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const { body, carry: c, xs: m, length, reverse } = attrs;
  const ysCount = body.results.length - c;
  const dense = (i: number): Tensor => cts[i] ?? zerosLike(outputs[i]!);
  const floatAt = (list: readonly Tensor[]): number[] =>
    list.flatMap((t, i) => (isFloat(t.dtype) ? [i] : []));
  const carryIn = inputs.slice(0, c);
  const constants = inputs.slice(c + m);
  const floatCarry = floatAt(carryIn);
  const floatXs = floatAt(inputs.slice(c, c + m));
  const floatYs = floatAt(body.results.slice(c));
  const floatConstants = floatAt(constants);
  const history = outputs.slice(c + ysCount);
  const { carry: last, ys: dxs } = scanTensors({
    carry: [...floatCarry.map(dense), ...floatConstants.map((i) => zerosLike(constants[i]!))],
    xs: [
      ...floatYs.map((i) => dense(c + i)),
      ...floatCarry.map((i) => dense(c + ysCount + i)),
      ...history,
      ...inputs.slice(c, c + m),
    ],
    length,
    reverse: !reverse,
    body(sums, slices) {
      const dys = slices.splice(0, floatYs.length);
      const dhistory = slices.splice(0, floatCarry.length);
      const args = [...slices, ...constants];
      const [value, pullback] = vjp((list: Tensor[]) => inline(body, list), args);
      const ct = value.map((t, i) => {
        const k = i < c ? floatCarry.indexOf(i) : floatYs.indexOf(i - c);
        return k < 0 ? zerosLike(t) : i < c ? sums[k]! : dys[k]!;
      });
      const [grads] = pullback(ct);
      return {
        carry: [
          ...floatCarry.map((i, k) => add(grads[i]!, dhistory[k]!)),
          ...floatConstants.map((i, k) => add(sums[floatCarry.length + k]!, grads[c + m + i]!)),
        ],
        ys: floatXs.map((i) => grads[c + i]!),
      };
    },
  });
  const out: (Tensor | undefined)[] = inputs.map(() => undefined);
  floatCarry.forEach((i, k) => (out[i] = last[k]));
  floatXs.forEach((i, k) => (out[c + i] = dxs[k]));
  floatConstants.forEach((i, k) => (out[c + m + i] = last[floatCarry.length + k]));
  return out;
}

/** Every carry becomes batched; the batch axis of xs and ys moves behind the loop's. */
function scanBatch(
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  attrs: ScanAttrs,
  size: number,
): Tensor[] {
  const { body, carry: c, xs: m, length, reverse } = attrs;
  const behind = (t: Tensor): Tensor => transpose(t, [1, 0, ...t.shape.slice(2).map((_, i) => i + 2)]);
  const constants = inputs.slice(c + m);
  const flags = [...Array.from({ length: c }, () => true), ...batched.slice(c)];
  const loop = scanTensors({
    carry: inputs.slice(0, c).map((t, i) => (batched[i] ? t : broadcastTo(t, [size, ...t.shape]))),
    xs: inputs.slice(c, c + m).map((t, i) => (batched[c + i] ? behind(t) : t)),
    length,
    reverse,
    body(carry, slices) {
      const results = batchFunction(
        (args) => inline(body, args),
        [...carry, ...slices, ...constants],
        flags,
        size,
      );
      return { carry: results.slice(0, c), ys: [...results.slice(c), ...carry] };
    },
  });
  return [...loop.carry, ...loop.ys.map(behind)];
}

function emitScan(
  scope: EmitScope,
  { attrs, outputs }: { attrs: ScanAttrs; outputs: readonly Tensor[] },
  names: readonly string[],
): string[] {
  const { body, carry: c, xs: m, length, reverse } = attrs;
  const bound = new Map(body.params.slice(c + m).map((t, i) => [t, names[c + m + i]!]));
  // ONNX Scan needs at least one scanned input.
  const counter = m === 0 ? [placeholder([], "int32")] : [];
  const xs =
    m === 0
      ? [
          scope.literal(
            Int32Array.from({ length }, (_, i) => i),
            "int32",
            [length],
          ),
        ]
      : names.slice(c, c + m);
  // Stacked outputs that nothing uses, most often the carries' history, are not written.
  const stacked = [...body.results.slice(c), ...body.params.slice(0, c)];
  const kept = stacked.flatMap((_, i) => (scope.isUsed(outputs[c + i]!) ? [i] : []));
  const graph: Graph = {
    params: [...body.params.slice(0, c + m), ...counter],
    results: [...body.results.slice(0, c), ...kept.map((i) => stacked[i]!)],
  };
  const direction = reverse ? 1 : 0;
  const written = scope.node(
    "Scan",
    [...names.slice(0, c), ...xs],
    {
      body: scope.graph(graph, bound),
      num_scan_inputs: xs.length,
      scan_input_directions: xs.map(() => direction),
      scan_output_directions: kept.map(() => direction),
    },
    { outputs: c + kept.length },
  );
  return outputs.map((_, i) => (i < c ? written[i]! : (written[c + kept.indexOf(i - c)] ?? "")));
}

/** Options of `scan`. */
export interface ScanOptions {
  /** Number of steps; needed only where `xs` has no leaf. */
  length?: number;
  /** Runs from the last slice to the first; ys keep the order of xs. Default false. */
  reverse?: boolean;
}

/**
 * A loop inside the graph: `carry, y = f(carry, x)` for every slice x of `xs` along its first axis. One ONNX Scan, so
 * compile time does not depend on the number of steps; differentiable any number of times.
 * @param f step function; the carry keeps its structure, shapes and dtypes
 * @param init tree of Tensors
 * @param xs tree of Tensors with a common leading axis T, or undefined with `length`
 * @returns `[last carry, ys]`, ys stacked along a new leading axis T
 * @throws ShapeError if the carry changes shape or xs disagree about T
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [C, Y] {
  checkOptions("scan", options, ["length", "reverse"]);
  const state = tensorLeaves("scan: init", init);
  const input =
    xs === undefined ? { leaves: [] as Tensor[], def: flattenTree([]).def } : tensorLeaves("scan: xs", xs);
  const length = options.length ?? input.leaves[0]?.shape[0];
  if (length === undefined || !Number.isInteger(length) || length < 1) {
    throw new OptionError({
      where: "scan",
      want: "at least one step: xs with a leading axis, or length",
      got: String(length),
    });
  }
  input.leaves.forEach((t, i) => {
    if (t.shape[0] !== length) {
      throw new ShapeError({
        where: `scan: xs.${input.def.paths[i]}`,
        want: `a leading axis of ${length}`,
        got: showShape(t.shape),
      });
    }
  });
  let yDef: ReturnType<typeof flattenTree>["def"] | undefined;
  const loop = scanTensors({
    carry: state.leaves,
    xs: input.leaves,
    length,
    reverse: options.reverse ?? false,
    body(carry, slices) {
      const x = xs === undefined ? undefined : input.def.build(slices);
      const out = f(state.def.build(carry) as C, x as X);
      if (!Array.isArray(out) || out.length !== 2)
        throw new TreeError({ where: "scan", want: "f to return [carry, y]", got: typeof out });
      const y =
        out[1] === undefined
          ? { leaves: [] as Tensor[], def: flattenTree([]).def }
          : tensorLeaves("scan: y", out[1]);
      yDef = out[1] === undefined ? undefined : y.def;
      return { carry: matchTree("scan: the carry", state.def, out[0]) as Tensor[], ys: y.leaves };
    },
  });
  return [state.def.build(loop.carry) as C, (yDef ? yDef.build(loop.ys) : undefined) as Y];
}
