import { checkOptions, CompileError, OptionError, ShapeError } from "../core/errors.js";
import { collect } from "../core/node.js";
import { traceFor, type Subject, type Trace } from "./trace.js";

/** Which axes of the inputs have the free size. */
export interface DynamicBatch {
  /** Axis by input name; inputs left out keep their shape. Default: axis 0 of every input of rank ≥ 1. */
  axes?: Readonly<Record<string, number>>;
  /** Name of the size in the file. Default "batch". */
  name?: string;
}

/** Traces of one function at several batch sizes, to be compared. */
export interface BatchPlan {
  readonly traces: readonly Trace[];
  readonly sizes: readonly number[];
  /** The batch axis of each input, or undefined. */
  readonly axes: readonly (number | undefined)[];
  readonly name: string;
}

const primes = [7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];

/**
 * Traces at three batch sizes that are none of the sizes in the graph, so that what varies is what the batch size makes.
 * A function that takes only certain sizes is traced at multiples of its example's.
 */
export function batchTraces(
  subject: Subject,
  example: Trace,
  inputNames: readonly string[],
  options: true | DynamicBatch,
): BatchPlan {
  const { axes: chosen, name = "batch" } = options === true ? {} : options;
  if (options !== true) checkOptions("exportOnnx: dynamicBatch", options, ["axes", "name"]);
  const axes = axesOf(example, inputNames, chosen);
  const own = commonSize(example, inputNames, axes);
  const inUse = new Set<number>();
  const nodes = collect(example.results, new Set([...example.inputs, ...example.params]));
  for (const t of [...nodes.flatMap((n) => n.outputs), ...example.inputs])
    for (const d of t.shape) inUse.add(d);
  const free = primes.filter((p) => !inUse.has(p)).slice(0, 3);
  const trace = (size: number): Trace =>
    traceFor("exportOnnx", subject, (t, i) =>
      axes[i] === undefined ? t.shape : t.shape.with(axes[i], size),
    );
  const attempt = (sizes: readonly number[]): { traces: Trace[] } | { size: number; cause: unknown } => {
    const traces: Trace[] = [];
    for (const size of sizes) {
      try {
        traces.push(trace(size));
      } catch (cause) {
        return { size, cause };
      }
    }
    return { traces };
  };
  const multiples = [2 * own, 3 * own, 5 * own];
  const first = attempt(free);
  if ("traces" in first) return { ...first, sizes: free, axes, name };
  const second = attempt(multiples);
  if ("traces" in second) return { ...second, sizes: multiples, axes, name };
  throw new CompileError({
    where: "exportOnnx: dynamicBatch",
    want: "a function of any batch size",
    got: `at batch size ${first.size}: ${first.cause instanceof Error ? first.cause.message : String(first.cause)}`,
    hint: "export without dynamicBatch, or name the axes",
    cause: first.cause,
  });
}

function axesOf(
  example: Trace,
  inputNames: readonly string[],
  chosen: Readonly<Record<string, number>> | undefined,
): (number | undefined)[] {
  if (!chosen) return example.inputs.map((t) => (t.rank === 0 ? undefined : 0));
  const where = "exportOnnx: dynamicBatch.axes";
  const unknown = Object.keys(chosen).find((key) => !inputNames.includes(key));
  if (unknown !== undefined)
    throw new OptionError({ where, want: `inputs of ${inputNames.join(", ")}`, got: unknown });
  return example.inputs.map((t, i) => {
    const axis = Object.hasOwn(chosen, inputNames[i]!) ? chosen[inputNames[i]!] : undefined;
    if (axis !== undefined && (!Number.isInteger(axis) || axis < 0 || axis >= t.rank)) {
      throw new OptionError({
        where,
        want: `an axis of ${inputNames[i]!} in [0, ${t.rank})`,
        got: String(axis),
      });
    }
    return axis;
  });
}

function commonSize(
  example: Trace,
  inputNames: readonly string[],
  axes: readonly (number | undefined)[],
): number {
  const sizes = example.inputs.flatMap((t, i) => (axes[i] === undefined ? [] : [t.shape[axes[i]]!]));
  if (sizes.length === 0)
    throw new OptionError({
      where: "exportOnnx: dynamicBatch",
      want: "an input with a batch axis",
      got: "none",
    });
  if (new Set(sizes).size > 1) {
    throw new ShapeError({
      where: "exportOnnx: dynamicBatch",
      want: "one batch size in all inputs",
      got: sizes.join(", "),
      hint: `name the axes that have it, of ${inputNames.join(", ")}`,
    });
  }
  return sizes[0]!;
}
