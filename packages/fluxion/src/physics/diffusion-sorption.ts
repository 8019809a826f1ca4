import { checkOptions } from "../core/errors.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, pow, sub } from "../ops/arithmetic.js";
import { ones } from "../ops/create.js";
import { broadcastTo, concat, expandDims, reshape, slice } from "../ops/movement.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { alongAxis, composed, finiteDifference } from "./derivatives.js";
import { sorptionReference } from "./diffusion-sorption-reference.js";
import { identityLaw, type PointwiseLaw } from "./law.js";
import type { PhysicsProblem } from "./problem.js";
import { checkedSoil, type SorptionSoil, sorptionStrength } from "./sorption-soil.js";

/**
 * r = u_τ − c·u_xx/R(u), R(u) = 1 + q·max(u, floor)^(n_f − 1): terms u, u_τ, u_xx.
 * @param parameters diffusion c (with time in units of its range, D·T), strength q, exponent n_f, floor of u in R and its
 *   derivatives
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §4.1; deviates: time scaled to [0, 1]
 */
export function sorptionLaw(parameters: {
  diffusion: number;
  strength: number;
  exponent: number;
  floor: number;
}): PointwiseLaw {
  const { diffusion: c, strength: q, exponent, floor } = parameters;
  const power = exponent - 1;
  return {
    terms: ["u", "u_τ", "u_xx"],
    residual([u, ut, uxx]) {
      const retardation = add(mul(pow(maximum(u!, floor), power), q), 1);
      return sub(ut!, mul(div(uxx!, retardation), c));
    },
    expand([u, ut, uxx], first, second) {
      const at = Math.max(u!, floor);
      const retardation = 1 + q * at ** power;
      const inside = u! > floor;
      const slope = inside ? q * power * at ** (power - 1) : 0;
      const curve = inside ? q * power * (power - 1) * at ** (power - 2) : 0;
      first[0] = (c * uxx! * slope) / retardation ** 2;
      first[1] = 1;
      first[2] = -c / retardation;
      second[0] = c * uxx! * (curve / retardation ** 2 - (2 * slope ** 2) / retardation ** 3);
      second[2] = second[6] = (c * slope) / retardation ** 2;
      return ut! - (c * uxx!) / retardation;
    },
    spec: { name: "diffusion-sorption", parameters },
  };
}

/** Options of `diffusionSorption`. */
export interface DiffusionSorptionOptions {
  /** Points in time, whole number ≥ 2. Default 17. */
  times?: number;
  /** Points in space, whole number ≥ 2. Default 32. */
  points?: number;
  /** T, the end of time. Default 500. */
  duration?: number;
  soil?: SorptionSoil;
  /** Smallest u in R(u), number > 0. Default 1e-6. */
  floor?: number;
  /** Initial concentrations that training draws. Default [0.02, 0.2]. */
  initial?: readonly [number, number];
}

/**
 * Diffusion and sorption in a column of soil, x in [0, 1]: u_t = D/R(u)·u_xx with u = 1 at x = 0, u = D·u_x at x = 1, and
 * a constant initial concentration u₀, the condition. Grid [times, points].
 * @throws OptionError
 * @source Takamoto et al., "PDEBench", 2022, arXiv 2210.07182; Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412,
 *   §4.1; deviates: initial states are constants drawn from `initial`
 */
export function diffusionSorption(options: DiffusionSorptionOptions = {}): PhysicsProblem {
  const where = "physics.diffusionSorption";
  checkOptions(where, options, ["times", "points", "duration", "soil", "floor", "initial"]);
  const { times = 17, points = 32, duration = 500, floor = 1e-6, initial = [0.02, 0.2] } = options;
  checkWhole(where, "times", times, 2);
  checkWhole(where, "points", points, 2);
  checkRange(where, "duration", duration, "(0, ∞)");
  checkRange(where, "floor", floor, "(0, ∞)");
  checkRange(where, "initial[0]", initial[0], "(0, ∞)");
  checkRange(where, "initial[1]", initial[1], `[${initial[0]}, ∞)`);
  const soil = checkedSoil(where, options.soil);
  const law = sorptionLaw({
    diffusion: soil.diffusion * duration,
    strength: sorptionStrength(soil),
    exponent: soil.freundlichExponent,
    floor,
  });
  const grid = [times, points];
  const overTime = finiteDifference(times, 1 / (times - 1));
  const overSpace = finiteDifference(points, 1 / (points - 1));
  const twice = composed(overSpace, overSpace);
  const coordinates = Float64Array.from({ length: 2 * times * points }, (_, i) => {
    const at = i >> 1;
    return i % 2 === 0 ? (at % points) / (points - 1) : Math.floor(at / points) / (times - 1);
  });

  const inside = Float64Array.from({ length: times * points }, (_, i) => {
    const [time, point] = [Math.floor(i / points), i % points];
    return time > 0 && point > 0 && point < points - 1 ? 1 : 0;
  });

  return {
    ...{ name: "diffusion-sorption", grid, features: 3, conditions: 1, inside },
    draw: (uniform) => Float64Array.of(initial[0] + (initial[1] - initial[0]) * uniform()),
    inputs(condition) {
      const u0 = broadcastTo(condition, [...grid, 1]);
      return concat([tensor(coordinates, { shape: [...grid, 2] }), u0], 2);
    },
    ansatz: (outputs) => ({ basis: outputs }),
    constraints({ basis }, condition) {
      const n = basis.shape.at(-1)!;
      const rows = (t: Tensor): Tensor => reshape(t, [-1, n]);
      const slope = alongAxis(overSpace, basis, 1);
      // Row i along an axis, [·, N].
      const row = (t: Tensor, axis: 0 | 1, from: number, to: number): Tensor =>
        rows(axis === 0 ? slice(t, [from, to]) : slice(t, null, [from, to]));
      const left = slice(row(basis, 1, 0, 1), [1, times]);
      const right = sub(
        row(basis, 1, points - 1, points),
        mul(row(slope, 1, points - 1, points), soil.diffusion),
      );
      const minusOne = (count: number): Tensor => mul(ones([count], { dtype: "float64" }), -1);
      return {
        points: {
          law,
          terms: [basis, alongAxis(overTime, basis, 0), alongAxis(twice, basis, 1)].map(rows),
        },
        shared: [
          {
            law: identityLaw,
            terms: [div(row(basis, 0, 0, 1), expandDims(condition, 0))],
            offsets: [minusOne(points)],
          },
          { law: identityLaw, terms: [left], offsets: [minusOne(times - 1)] },
          { law: identityLaw, terms: [slice(right, [1, times])] },
        ],
      };
    },
    reference: (condition) =>
      sorptionReference({ times, points, duration, soil, floor, initial: condition[0]! }),
  };
}
