import fc from "fast-check";
import { constant, type Tensor } from "../core/tensor.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { mul, sum } from "../ops/index.js";
import { genericNumbers } from "./evaluator.js";
import { control } from "./random/control.js";
import { Draw, type Step } from "./random/draw.js";
import { families } from "./random/families.js";
import { movement } from "./random/movement.js";
import { pointwise } from "./random/pointwise.js";
import { products } from "./random/products.js";
import { Recorder, type Value } from "./random/recorder.js";

/** A random program as data: small numbers that choose, so that it shrinks well. */
export interface ProgramSpec {
  readonly dtype: "float64" | "float32";
  readonly inputs: readonly Shape[];
  readonly steps: readonly { readonly kind: number; readonly choices: readonly number[] }[];
}

const kinds: readonly Step[] = [...pointwise, ...movement, ...products, ...families, ...control, ...control];

/** A list of one of the lengths from `min` to `max`, all as likely. */
const listOf = <T>(item: fc.Arbitrary<T>, min: number, max: number): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength: min, maxLength: max, size: "max" });

/** Programs of one to `maxSteps` steps over one to three small inputs. */
export const programs = (maxSteps = 14): fc.Arbitrary<ProgramSpec> =>
  fc.noBias(
    fc.record({
      dtype: fc.constantFrom("float64", "float64", "float64", "float32"),
      inputs: listOf(listOf(fc.integer({ min: 1, max: 4 }), 0, 3), 1, 3),
      steps: listOf(
        fc.record({ kind: fc.nat({ max: kinds.length - 1 }), choices: listOf(fc.nat({ max: 59 }), 1, 8) }),
        1,
        maxSteps,
      ),
    }),
  );

/** Values of a program's inputs. */
export const programInputs = (spec: ProgramSpec): Float64Array[] =>
  spec.inputs.map((shape, i) => genericNumbers(sizeOf(shape), 11 + i).map((v) => Math.fround(1.5 * v)));

/** Runs a program on its inputs and gives what its last steps computed, with the text of what ran. */
export function runProgram(
  spec: ProgramSpec,
  inputs: readonly Tensor[],
): { results: Tensor[]; lines: readonly string[] } {
  const recorder = new Recorder();
  const values: Value[] = inputs.map((t, i) => ({ t, name: `x${i}`, bound: 1.5 }));
  for (const { kind, choices } of spec.steps) {
    const made = kinds[kind]!(new Draw(recorder, values, choices, 2, spec.dtype));
    if (made) values.push(made);
  }
  return { results: values.slice(-2).map((v) => v.t), lines: recorder.lines };
}

/** The scalar that is differentiated: every result's elements weighted generically and summed. */
export function programLoss(spec: ProgramSpec, inputs: readonly Tensor[]): Tensor {
  const { results } = runProgram(spec, inputs);
  return results
    .map((t, i) => sum(mul(t, constant(genericNumbers(t.size, 3 + i), t.dtype, t.shape))))
    .reduce((a, b) => a.add(b));
}

/** A program as TypeScript. */
export function programText(spec: ProgramSpec, inputs: readonly Tensor[]): string {
  const { lines, results } = runProgram(spec, inputs);
  const shapes = spec.inputs.map((shape, i) => `// x${i}: ${spec.dtype} [${shape.join(", ")}]`);
  return [
    ...shapes,
    ...lines,
    `// compared: the last ${results.length} values, and the gradient of their weighted sum`,
  ].join("\n");
}
