import type { DType, TypedArray } from "./dtypes.js";
import { Tensor } from "./tensor.js";
import type { Shape } from "./shape.js";

/** What is known of a value before it is computed. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A closed sub-graph: `results` depend on nothing but `params` and literals. */
export interface Graph {
  readonly params: readonly Tensor[];
  readonly results: readonly Tensor[];
}

/** Values an operator's attributes may take; all have an exact structural key (see `attrsKey`). */
export type Attr =
  | number
  | string
  | boolean
  | undefined
  | readonly number[]
  | readonly string[]
  | TypedArray
  | Graph
  | ((...args: never[]) => unknown);
export type Attrs = { readonly [name: string]: Attr };

/** One application of an operator, as its rules see it. */
export interface Call<A> {
  readonly inputs: readonly Tensor[];
  readonly attrs: A;
  readonly outputs: readonly Tensor[];
}

/** Writes an operator's ONNX nodes; see `compile/emit.ts`. */
export interface EmitScope {
  /** Adds a node and returns the names of its `outputs` (fresh ones unless given). */
  node(
    type: string,
    inputs: readonly string[],
    attrs?: Record<string, unknown>,
    more?: { domain?: string; outputs?: readonly string[] | number },
  ): string[];
  /** Adds (or finds) an int64 initializer, scalar if `values` is a number. */
  ints(values: readonly number[] | number): string;
  /** Adds (or finds) an initializer. */
  literal(data: TypedArray, dtype: DType, shape: Shape): string;
  /** Emits `graph` as an ONNX sub-graph attribute; `names` binds some of its params to names of this scope. */
  graph(graph: Graph, names: ReadonlyMap<Tensor, string>): unknown;
  /** Whether anything uses this output of the node being written. */
  isUsed(output: Tensor): boolean;
  readonly opset: number;
}

/** An operator: everything the library knows of it, side by side. */
export interface Op<A extends Attrs = Attrs> {
  /** ONNX operator type where there is one. */
  readonly name: string;
  /** Shapes and dtypes of the outputs. @throws ShapeError, DtypeError */
  readonly infer: (inputs: readonly Tensor[], attrs: A) => readonly Spec[];
  /**
   * Vector-Jacobian product: cotangents of `inputs` from those of `outputs`, in Tensor operations (so that it can be
   * differentiated again). `needs[i]` tells which are wanted. `"none"`: no gradient exists and asking is an error;
   * `"zero"`: it is zero almost everywhere.
   */
  readonly grad:
    | "none"
    | "zero"
    | ((
        call: Call<A>,
        cotangents: readonly (Tensor | undefined)[],
        needs: readonly boolean[],
      ) => readonly (Tensor | undefined)[]);
  /**
   * vmap rule: the same on inputs of which those with `batched[i]` carry an extra leading axis of `size`; every
   * output must carry one. Without a rule vmap falls back to a loop over examples.
   */
  readonly batch?: (
    inputs: readonly Tensor[],
    batched: readonly boolean[],
    attrs: A,
    size: number,
  ) => readonly Tensor[];
  /** A cheaper equal form for already simplified inputs, or undefined. */
  readonly simplify?: (call: Call<A>) => readonly Tensor[] | undefined;
  /** ONNX nodes for one call; returns output names. Default: one node of type `name` with `attrs`. */
  readonly emit?: (scope: EmitScope, call: Call<A>, names: readonly string[]) => readonly string[];
  /**
   * For host operators: computes the outputs from float64 copies of the inputs, at once or by a promise. The compiler
   * cuts the graph here.
   */
  readonly host?: (
    inputs: readonly Float64Array[],
    call: Call<A>,
  ) => readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]>;
  /** Floating-point operations of one call, where it is not the output size. */
  readonly flops?: (call: Call<A>) => number;
}

/** A node of the lazy graph. Ids grow with creation, so id order is a topological order. */
export interface Node {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly outputs: readonly Tensor[];
}

let nextId = 0;

/** Applies `op`: the only way a node comes into being. */
export function apply<A extends Attrs>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  const outputs: Tensor[] = [];
  const node: Node = { id: nextId++, op: op as unknown as Op, inputs, attrs, outputs };
  for (const spec of op.infer(inputs, attrs)) outputs.push(new Tensor(node, spec.shape, spec.dtype));
  return outputs;
}

/** `apply` for operators of one output. */
export function apply1<A extends Attrs>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  return apply(op, inputs, attrs)[0]!;
}

/** Nodes from which `results` are computed, in topological order, going no further up than `stop`. */
export function collect(results: readonly Tensor[], stop: ReadonlySet<Tensor> = new Set()): Node[] {
  const seen = new Set<Node>();
  const stack = [...results];
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (stop.has(t) || seen.has(t.node)) continue;
    seen.add(t.node);
    stack.push(...t.node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Of the nodes above `results`, those that depend on `sources`, in topological order. */
export function dependents(
  results: readonly Tensor[],
  sources: readonly Tensor[],
  follows: (t: Tensor) => boolean = () => true,
): Node[] {
  const floor = Math.min(...sources.map((t) => t.node.id));
  const tainted = new Set<Tensor>(sources);
  const seen = new Set<Node>();
  const stack = [...results];
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    // A node older than every source cannot depend on one.
    if (t.node.id <= floor && !tainted.has(t)) continue;
    if (seen.has(t.node) || tainted.has(t)) continue;
    seen.add(t.node);
    stack.push(...t.node.inputs);
  }
  const found: Node[] = [];
  for (const node of [...seen].sort((a, b) => a.id - b.id)) {
    if (!node.inputs.some((t) => tainted.has(t))) continue;
    found.push(node);
    for (const t of node.outputs) if (follows(t)) tainted.add(t);
  }
  return found;
}

/** `results` recomputed with `from[i]` replaced by `to[i]`; nodes that do not depend on `from` are shared. */
export function substitute(
  results: readonly Tensor[],
  from: readonly Tensor[],
  to: readonly Tensor[],
): Tensor[] {
  const image = new Map<Tensor, Tensor>(from.map((t, i) => [t, to[i]!]));
  if (from.length > 0) {
    for (const node of dependents(results, from)) {
      const outputs = apply(
        node.op,
        node.inputs.map((t) => image.get(t) ?? t),
        node.attrs,
      );
      node.outputs.forEach((t, i) => image.set(t, outputs[i]!));
    }
  }
  return results.map((t) => image.get(t) ?? t);
}
