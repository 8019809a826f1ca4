import { collect, dependents, type Node } from "../core/node.js";
import { CompileError } from "../core/errors.js";
import { literalOf, placeholder, Tensor } from "../core/tensor.js";
import { flattenTree, tensorLeaves } from "../core/tree.js";
import type { Shape } from "../core/shape.js";
import { pathName } from "./names.js";

/** A traced function: `results` of `inputs` and `params`, with the names that their places in the trees give. */
export interface Trace {
  readonly inputs: readonly Tensor[];
  readonly inputNames: readonly string[];
  readonly params: readonly Tensor[];
  readonly results: readonly Tensor[];
  readonly outputNames: readonly string[];
}

/** What is traced: `fn(params?, ...examples)`. */
export interface Subject {
  readonly fn: (...args: never[]) => unknown;
  readonly examples: readonly unknown[];
  /** Undefined if `fn` takes none. */
  readonly params: unknown;
}

/** Traces with inputs of the examples' dtypes and of the shapes that `shapeOf` gives them. */
export function traceFor(
  where: string,
  subject: Subject,
  shapeOf: (example: Tensor, index: number) => Shape,
): Trace {
  const { leaves, def } = flattenTree([...subject.examples]);
  let next = 0;
  const args = leaves.map((leaf) =>
    leaf instanceof Tensor ? placeholder(shapeOf(leaf, next++), leaf.dtype) : leaf,
  );
  const inputPaths = def.paths.filter((_, i) => leaves[i] instanceof Tensor);
  const weights = subject.params === undefined ? undefined : tensorLeaves(`${where}: params`, subject.params);
  const params = weights?.leaves.map((t) => placeholder(t.shape, t.dtype)) ?? [];
  const before = weights ? [weights.def.build(params)] : [];
  const out: unknown = subject.fn(...([...before, ...(def.build(args) as unknown[])] as never[]));
  if (out instanceof Promise)
    throw new CompileError({ where, want: "a function that returns at once", got: "a promise" });
  const value = tensorLeaves(`${where}: the value of fn`, out);
  return {
    inputs: args.filter((t) => t instanceof Tensor),
    inputNames: argumentNames(inputPaths, subject.examples.length),
    params,
    results: value.leaves,
    outputNames: value.def.paths.map((path) => outputName(path)),
  };
}

/** Names by the place within the argument: `t`, `cond.label`; a bare argument is `input`, or `input0`, `input1` … */
function argumentNames(paths: readonly string[], count: number): string[] {
  const parts = paths.map((path) => {
    const [, index, rest] = /^\[(\d+)\]\.?(.*)$/.exec(path)!;
    return { argument: count === 1 ? "input" : `input${index!}`, rest: pathName(rest!) };
  });
  return parts.map(({ argument, rest }) => {
    if (rest === "") return argument;
    const unique = parts.filter((p) => p.rest === rest).length === 1 && !/^\d/.test(rest);
    return unique ? rest : `${argument}.${rest}`;
  });
}

const outputName = (path: string): string => {
  const name = pathName(path);
  return name === "" ? "output" : /^\d/.test(name) ? `output${name}` : name;
};

/** More nodes than this are not kept as a formula for a constant. */
const FORMULA_NODES = 64;

/** Values that a trace uses and that do not depend on its arguments, where they hold data or are long to compute. */
export function closedOver(trace: Trace): Tensor[] {
  const sources = [...trace.inputs, ...trace.params];
  const inner = new Set<Node>(sources.length === 0 ? [] : dependents(trace.results, sources));
  const frontier = new Set<Tensor>();
  const note = (t: Tensor): void => {
    if (!inner.has(t.node) && !sources.includes(t) && !literalOf(t)) frontier.add(t);
  };
  for (const node of inner) node.inputs.forEach(note);
  trace.results.forEach(note);
  return [...frontier].filter((t) => {
    const nodes = collect([t]);
    return nodes.length > FORMULA_NODES || nodes.some((n) => n.op.name === "Data");
  });
}
