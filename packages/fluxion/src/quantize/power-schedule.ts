import { OptionError } from "../core/errors.js";

/**
 * The power of the estimator over training: 1 + (1 − cos(π/2 · e/E))·(end − 1), slow at first.
 * @param epoch e in [0, epochs], also a fraction
 * @param epochs E > 0
 * @param end ≥ 1, default 3
 * @throws OptionError
 * @source X.-M. Wu et al., 2023, arXiv 2308.06689, §3.3; deviates: none
 */
export function powerSchedule(epoch: number, epochs: number, end = 3): number {
  if (!(epochs > 0 && epoch >= 0 && epoch <= epochs && end >= 1)) {
    const got = `${epoch}, ${epochs}, ${end}`;
    throw new OptionError({
      where: "quantize.powerSchedule",
      want: "epoch in [0, epochs], end ≥ 1",
      got,
    });
  }
  return 1 + (1 - Math.cos((Math.PI / 2) * (epoch / epochs))) * (end - 1);
}
