// Attacks on a trained two-layer network.
import { compile } from "../../compile/compile.js";
import { checkOptions, FormatError } from "../../core/errors.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import type { ArrayData } from "../../data/array-data.js";
import { relu } from "../../ops/activation.js";
import { mul } from "../../ops/arithmetic.js";
import { matmul } from "../../ops/matmul.js";
import { swapAxes } from "../../ops/movement.js";
import { fgsmAttack, pgdAttack, type PgdOptions } from "./attack.js";
import { reluOutputs, type ReluNetwork } from "./network.js";
import { checkFeatures } from "./problem.js";
import { freeColumns } from "./robust-problem.js";

/** Options of `attackNetwork`. */
export interface AttackNetworkOptions extends Omit<PgdOptions, "mask"> {
  /** Default "pgd". */
  method?: "fgsm" | "pgd";
  /** Columns that the attack must not change. Default: none. */
  fixed?: readonly number[];
}

/** What `attackNetwork` returns. */
export interface AttackedExamples {
  /** float64 [N, D] */
  readonly x: ArrayData<Float64Array>;
  /** Label times output at the attacked inputs, [N]: the attack succeeded where it is not positive. */
  readonly margins: Float64Array;
  /** Part of the examples that are still classified rightly. */
  readonly accuracy: number;
}

/**
 * Attacks a network's classification: lowers every example's margin y·f(x) within the l∞ ball.
 * @param data features [N, D] and labels −1 or 1
 * @throws ShapeError, FormatError, OptionError
 * @source as `fgsmAttack` and `pgdAttack`; deviates: ascends the negative margin, which has the hinge loss's ascent
 *   directions without its flat part
 */
export async function attackNetwork(
  network: ReluNetwork,
  data: { readonly x: ArrayData; readonly y: ArrayLike<number> },
  options: AttackNetworkOptions,
): Promise<AttackedExamples> {
  const where = "solve.attackNetwork";
  checkOptions(where, options, ["method", "fixed", "eps", "bounds", "steps", "stepSize"]);
  const { method = "pgd", fixed = [], ...limits } = options;
  const { x, n, d } = checkFeatures(where, data.x);
  const y = Float64Array.from(data.y);
  if (y.length !== n || y.some((v) => Math.abs(v) !== 1))
    throw new FormatError({ where, want: `${n} labels −1 or 1`, got: `${y.length} numbers` });
  const mask = tensor(Float32Array.from(freeColumns(where, fixed, d)));
  const units = network.output.length;
  const hidden = tensor(Float32Array.from(network.hidden), { shape: [units, d] });
  const output = tensor(Float32Array.from(network.output), { shape: [units, 1] });
  const labels = tensor(
    Float32Array.from(y, (v) => -v),
    { shape: [n, 1] },
  );
  const loss = (z: Tensor): Tensor => mul(matmul(relu(matmul(z, swapAxes(hidden, 0, 1))), output), labels);
  const { steps: _, stepSize: __, ...once } = limits;
  const attack = compile((z: Tensor) =>
    method === "fgsm" ? fgsmAttack(loss, z, { ...once, mask }) : pgdAttack(loss, z, { ...limits, mask }),
  );
  try {
    const start = tensor(Float32Array.from(x), { shape: [n, d] });
    const moved = units === 0 ? start : await attack(start);
    const attacked = { data: Float64Array.from((await moved.data()) as Float32Array), shape: [n, d] };
    const margins = reluOutputs(network, attacked).map((v, k) => v * y[k]!);
    const accuracy = margins.reduce((sum, m) => sum + (m > 0 ? 1 : 0), 0) / n;
    return { x: attacked, margins, accuracy };
  } finally {
    await attack.release();
  }
}
