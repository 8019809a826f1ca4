import { grad } from "../core/autodiff.js";
import { compile } from "../compile/compile.js";
import { decode } from "../core/dtypes.js";
import { placeholder, tensor, type Tensor } from "../core/tensor.js";
import { genericNumbers } from "./evaluator.js";
import { interpret, type Value } from "./interpreter.js";
import { programInputs, programLoss, programText, runProgram, type ProgramSpec } from "./random-program.js";

/** What a program computes: its results, and the gradient of its loss for every input. */
function everything(spec: ProgramSpec, inputs: Tensor[]): Tensor[] {
  const gradient = grad((list: Tensor[]) => programLoss(spec, list))(inputs);
  return [...runProgram(spec, inputs).results, ...gradient];
}

/**
 * Checks one program: value and gradient of the compiled graph against the interpreter's on the graph as traced, and
 * (in double) the gradient against central differences of the interpreted loss.
 * @throws Error with the program's text if they disagree
 */
export async function checkProgram(spec: ProgramSpec): Promise<void> {
  const params = spec.inputs.map((shape) => placeholder(shape, spec.dtype));
  try {
    const graph = everything(spec, params);
    const loss = programLoss(spec, params);
    const at = programInputs(spec);
    const run = (results: readonly Tensor[], inputs: readonly Float64Array[], exact: boolean): Value[] => {
      const feeds = params.map((p, i) => [p, { shape: p.shape, dtype: p.dtype, data: inputs[i]! }] as const);
      return interpret(results, new Map(feeds), { exact });
    };
    const want = run(graph, at, true);
    // How far rounding moves the values in the interpreter alone tells how well-conditioned the program is.
    const rounded = spec.dtype === "float32" ? run(graph, at, false) : want;
    compareAll(await compiledValues(spec, at), want, rounded, spec);
    if (spec.dtype === "float64")
      checkSlope(want.slice(-at.length), at, (x) => run([loss], x, true)[0]!.data[0]!);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${said}\n${textOf(spec, params)}`, { cause });
  }
}

function textOf(spec: ProgramSpec, params: readonly Tensor[]): string {
  try {
    return programText(spec, params);
  } catch {
    return `(does not trace: ${JSON.stringify(spec)})`;
  }
}

async function compiledValues(spec: ProgramSpec, at: readonly Float64Array[]): Promise<Float64Array[]> {
  const compiled = compile((list: Tensor[]) => everything(spec, list), { threads: 1 });
  try {
    const inputs = at.map((v, i) => tensor(Array.from(v), { dtype: spec.dtype, shape: spec.inputs[i]! }));
    const outputs = await compiled(inputs);
    return await Promise.all(outputs.map(async (t) => decode(await t.data(), t.dtype)));
  } finally {
    await compiled.release();
  }
}

function compareAll(got: Float64Array[], want: Value[], rounded: Value[], { dtype }: ProgramSpec): void {
  const base = dtype === "float64" ? 1e-10 : 2e-5;
  want.forEach((w, i) => {
    const scale = 1 + largest(w.data);
    const sway = largest(w.data.map((v, k) => v - rounded[i]!.data[k]!));
    const tolerance = base * scale + 20 * sway;
    w.data.forEach((v, k) => {
      const g = got[i]![k]!;
      if (Object.is(g, v) || Math.abs(g - v) <= tolerance || (Number.isNaN(g) && Number.isNaN(v))) return;
      throw new Error(
        `output ${i}, element ${k}: compiled ${g}, interpreted ${v} (tolerance ${tolerance.toExponential(1)})`,
      );
    });
  });
}

const largest = (list: ArrayLike<number>): number =>
  Array.from(list).reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0);

/** The gradient along a generic direction against central differences, for the best of several steps. */
function checkSlope(
  gradient: readonly Value[],
  at: readonly Float64Array[],
  f: (x: Float64Array[]) => number,
): void {
  const v = at.map((list, i) => genericNumbers(list.length, 91 + i));
  const slope = gradient.reduce((s, g, i) => s + g.data.reduce((r, d, k) => r + d * v[i]![k]!, 0), 0);
  const scale = 1 + Math.max(0, ...gradient.map((g) => largest(g.data)));
  const differences = [1e-4, 1e-5, 1e-6].map((h) => {
    const moved = (by: number): Float64Array[] => at.map((list, i) => list.map((x, k) => x + by * v[i]![k]!));
    return (f(moved(h)) - f(moved(-h))) / (2 * h);
  });
  if (differences.some((d) => Math.abs(d - slope) <= 1e-5 * scale) || Number.isNaN(slope)) return;
  throw new Error(
    `gradient: the rules give ${slope} along a direction, differences ${differences.join(", ")}`,
  );
}
