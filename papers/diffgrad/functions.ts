// The paper's three functions of one variable, on which momentum may carry an optimizer past the better minimum.
import { compile, grad, scan, tensor, vmap, where, type Tensor } from "fluxion";
import { applyUpdates, frictionCoefficient, type Transform } from "fluxion/optim";

const not = (condition: Tensor): Tensor => condition.logicalNot();
const poly = (x: Tensor): Tensor =>
  x
    .square()
    .mul(x)
    .add(x.mul(x.mul(8).sin()))
    .add(0.85);

/** By name: f takes and gives scalars or vectors, element by element. */
export const functions = {
  /** Minima −0.3 (value 0) and 0.2 (value 0.05). */
  F1: (x: Tensor): Tensor => where(not(x.greater(0)), x.add(0.3).square(), x.sub(0.2).square().add(0.05)),
  /** A steep line, then x³ + x·sin(8x) + 0.85: minima near −0.643 (value about 0) and 0 (0.85). */
  F2: (x: Tensor): Tensor => where(not(x.greater(-0.9)), x.mul(-40).sub(35.15), poly(x)),
  /** x² with a well |x|·7/8 around 0, behind walls of 0.35 at ±0.4: minima 0 (value 0) and ±0.5 (0.25). */
  F3(x: Tensor): Tensor {
    const size = x.abs();
    return where(size.less(0.4), size.mul(7 / 8), where(size.less(0.5), size.neg().add(0.75), x.square()));
  },
} as const satisfies Record<string, (x: Tensor) => Tensor>;

export type FunctionName = keyof typeof functions;

/** The iterates of an optimizer on a function, the start among them: float64 [steps + 1]. */
export async function iterates(name: FunctionName, optimizer: Transform, steps = 300): Promise<Float64Array> {
  const slope = grad((x: Tensor) => functions[name](x));
  const run = compile((start: Tensor) =>
    scan(
      ({ x, state }: { x: Tensor; state: unknown }): [{ x: Tensor; state: unknown }, Tensor] => {
        const { updates, state: next } = optimizer.update(slope(x), state, x);
        const moved = applyUpdates(x, updates);
        return [{ x: moved, state: next }, moved];
      },
      { x: start, state: optimizer.init(start) },
      undefined,
      { length: steps },
    ),
  );
  const start = tensor(-1, { dtype: "float64" });
  const [, path] = await run(start);
  const values = (await path.data()) as Float64Array;
  await run.release();
  return Float64Array.from([-1, ...values]);
}

/** The friction that diffGrad would put on each step of a path but the first: float64 [steps − 1]. */
export async function frictions(name: FunctionName, path: Float64Array): Promise<Float64Array> {
  const slopes = vmap(grad((x: Tensor) => functions[name](x)))(tensor(path.slice(0, -1)));
  const n = path.length - 1;
  return (await frictionCoefficient(slopes.slice([0, n - 1]), slopes.slice([1, n])).data()) as Float64Array;
}

/** Points of a function for a drawing. */
export async function graphOf(
  name: FunctionName,
  [from, to]: readonly [number, number],
  count = 241,
): Promise<[number, number][]> {
  const x = Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  const y = await functions[name](tensor(x)).data();
  return [...x].map((value, i) => [value, Number(y[i])]);
}

/** The value of a function. */
export const valueAt = async (name: FunctionName, x: number): Promise<number> =>
  functions[name](tensor(x, { dtype: "float64" })).item();
