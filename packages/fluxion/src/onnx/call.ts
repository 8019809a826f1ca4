import { decode } from "../core/dtypes.js";
import { CompileError, FormatError } from "../core/errors.js";
import { literalOf, type Tensor } from "../core/tensor.js";
import type { FileAttribute, FileGraph } from "./parse.js";
import type { FileTensor } from "./read-tensor.js";

/** One use of an operator of a file, as its translation sees it. */
export interface Call {
  readonly type: string;
  /** Version of the operator set that the node belongs to. */
  readonly opset: number;
  /** How many outputs the node names. */
  readonly outputs: number;
  /** All inputs; those left out are undefined. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: ReadonlyMap<string, FileAttribute>;
  /** The element type that the file gives input `i`, where it is narrower than what holds it. */
  readonly declared: (i: number) => string;
  /** Whether something may use output `i`. */
  readonly wants: (i: number) => boolean;
  /** An attribute's tensor as a Tensor. */
  readonly tensor: (file: FileTensor) => Tensor;
  /** Names that a sub-graph takes from around it, and their values. */
  readonly captures: (graph: FileGraph) => { names: string[]; values: Tensor[] };
  /** Computes a sub-graph. @param bound values of its inputs, in order, and of names from around it */
  readonly run: (
    graph: FileGraph,
    inputs: readonly Tensor[],
    bound?: ReadonlyMap<string, Tensor>,
  ) => Tensor[];
}

/** What an operator of a file gives: its outputs, or the only one. */
export type Translation = (call: Call) => Tensor | readonly (Tensor | undefined)[];

/** Translations by operator type. */
export type Translations = Readonly<Record<string, Translation>>;

/** Input `i`, which must be there. @throws FormatError */
export function input(call: Call, i: number): Tensor {
  const t = call.inputs[i];
  if (!t) throw new FormatError({ where: call.type, want: `an input ${i}`, got: "none" });
  return t;
}

const wrong = (call: Call, name: string, want: string, got: unknown): FormatError =>
  new FormatError({
    where: `${call.type}: attribute ${name}`,
    want,
    got: got === undefined ? "none" : typeof got,
  });

/** A number. @throws FormatError if it is missing without a default or is none */
export function number(call: Call, name: string, otherwise?: number): number {
  const value = call.attributes.get(name) ?? otherwise;
  if (typeof value !== "number") throw wrong(call, name, "a number", value);
  return value;
}

/** A switch, 0 or 1. */
export const flag = (call: Call, name: string, otherwise = false): boolean =>
  number(call, name, otherwise ? 1 : 0) !== 0;

/** A list of numbers, or undefined. @throws FormatError if it is something else */
export function numbers(call: Call, name: string): readonly number[] | undefined {
  const value = call.attributes.get(name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((v) => typeof v === "number"))
    throw wrong(call, name, "numbers", value);
  return value;
}

/** A text. @throws FormatError if it is something else */
export function text(call: Call, name: string, otherwise: string): string {
  const value = call.attributes.get(name) ?? otherwise;
  if (typeof value !== "string") throw wrong(call, name, "text", value);
  return value;
}

/** A sub-graph. @throws FormatError if it is missing */
export function graph(call: Call, name: string): FileGraph {
  const value = call.attributes.get(name);
  if (typeof value !== "object" || !("nodes" in value)) throw wrong(call, name, "a graph", value);
  return value;
}

/** The numbers of a tensor that are known while tracing, or undefined. */
export function known(t: Tensor | undefined): number[] | undefined {
  const literal = t && literalOf(t);
  return literal && Array.from(decode(literal, t.dtype));
}

/** Whether no value can be left to run time: sizes, axes and the like decide the program. */
const unknown = (call: Call, what: string): CompileError =>
  new CompileError({
    where: call.type,
    want: `${what} that is known while tracing`,
    got: "a value computed from the inputs",
    hint: "pass inputs that decide shapes or branches as `constant(...)`",
  });

/** The numbers of input `i`, known while tracing; undefined if the input is left out. @throws CompileError */
export function fixed(call: Call, i: number, what: string): number[] | undefined {
  const t = call.inputs[i];
  if (!t) return undefined;
  const values = known(t);
  if (!values) throw unknown(call, what);
  return values;
}

/** Numbers that an older operator set has as an attribute and a newer one as input `i`. */
export const listed = (call: Call, name: string, i: number): readonly number[] | undefined =>
  numbers(call, name) ?? fixed(call, i, name);
