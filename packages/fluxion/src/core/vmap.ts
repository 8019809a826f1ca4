import { checkOptions, OptionError, ShapeError } from "./errors.js";
import { apply, dependents, type Node } from "./node.js";
import { scanTensors } from "./scan.js";
import { normalizeAxis, showShape } from "./shape.js";
import { placeholder, type Tensor } from "./tensor.js";
import { flattenTree, tensorLeaves } from "./tree.js";
import { broadcastTo, moveAxis } from "../ops/movement.js";

/**
 * `f` on inputs of which those flagged carry a leading axis of `size`; every output carries one.
 * @internal
 */
export function batchFunction(
  f: (inputs: Tensor[]) => Tensor[],
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  size: number,
): Tensor[] {
  const params = inputs.map((t, i) => (batched[i] ? placeholder(t.shape.slice(1), t.dtype) : t));
  const sources = params.filter((_, i) => batched[i]);
  const results = f(params);
  const image = new Map<Tensor, Tensor>();
  params.forEach((p, i) => batched[i] && image.set(p, inputs[i]!));
  for (const node of sources.length === 0 ? [] : dependents(results, sources)) {
    const args = node.inputs.map((t) => image.get(t) ?? t);
    const flags = node.inputs.map((t) => image.has(t));
    const outputs = node.op.batch
      ? node.op.batch(args, flags, node.attrs, size)
      : mapExamples(node, args, flags, size);
    node.outputs.forEach((t, i) => image.set(t, outputs[i]!));
  }
  return results.map((t) => image.get(t) ?? broadcastTo(t, [size, ...t.shape]));
}

/** The rule for operators without one: a loop over the examples. */
function mapExamples(
  node: Node,
  args: readonly Tensor[],
  flags: readonly boolean[],
  size: number,
): readonly Tensor[] {
  return scanTensors({
    carry: [],
    xs: args.filter((_, i) => flags[i]),
    length: size,
    body(_, slices) {
      let next = 0;
      const inputs = args.map((t, i) => (flags[i] ? slices[next++]! : t));
      return { carry: [], ys: apply(node.op, inputs, node.attrs) };
    },
  }).ys;
}

/** Options of `vmap`. */
export interface VmapOptions {
  /** Axis to map over for every argument, or per argument (null: not mapped). Default 0. */
  inAxes?: number | readonly (number | null)[];
  /** Where the mapped axis goes in the value. Default 0. */
  outAxes?: number;
}

/**
 * `f`, written for one example, on a batch: maps over an axis of the arguments without a loop where the operators
 * allow it.
 * @throws ShapeError if the mapped axes differ in size; OptionError if nothing is mapped
 */
export function vmap<Args extends unknown[], Out>(
  f: (...args: Args) => Out,
  options: VmapOptions = {},
): (...args: Args) => Out {
  checkOptions("vmap", options, ["inAxes", "outAxes"]);
  const { inAxes = 0, outAxes = 0 } = options;
  return (...args) => {
    const flat = args.map((arg) => tensorLeaves("vmap", arg));
    const axisOf = (i: number): number | null => (typeof inAxes === "number" ? inAxes : (inAxes[i] ?? null));
    const leaves: Tensor[] = [];
    const batched: boolean[] = [];
    let size: number | undefined;
    flat.forEach(({ leaves: list }, i) => {
      const axis = axisOf(i);
      for (const t of list) {
        batched.push(axis !== null);
        if (axis === null) {
          leaves.push(t);
          continue;
        }
        const k = normalizeAxis("vmap", axis, t.rank);
        size ??= t.shape[k]!;
        if (t.shape[k] !== size) {
          throw new ShapeError({
            where: `vmap: argument ${i}`,
            want: `${size} along axis ${k}`,
            got: showShape(t.shape),
          });
        }
        leaves.push(moveAxis(t, k, 0));
      }
    });
    if (size === undefined)
      throw new OptionError({ where: "vmap", want: "at least one mapped Tensor", got: "none" });
    let outDef = flattenTree([]).def;
    const results = batchFunction(
      (list) => {
        let next = 0;
        const call = flat.map(({ def, leaves: l }) => def.build(list.slice(next, (next += l.length))));
        const out = tensorLeaves("vmap: the function's value", f(...(call as Args)));
        outDef = out.def;
        return out.leaves;
      },
      leaves,
      batched,
      size,
    );
    return outDef.build(results.map((t) => moveAxis(t, 0, outAxes))) as Out;
  };
}
