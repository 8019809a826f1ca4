import { checkOptions } from "../core/errors.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { matmul } from "../ops/matmul.js";
import { broadcastTo, concat, expandDims, reshape } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { neg } from "../ops/unary.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { adjoint, alongAxis, finiteDifference, fourierBasis, periodicDerivative } from "./derivatives.js";
import type { PointwiseLaw } from "./law.js";
import type { LinearField, PhysicsProblem } from "./problem.js";
import { flowModes, vorticityReference } from "./vorticity-reference.js";

/**
 * r = ω_t + u·ω_x + v·ω_y − Δω/Re: terms ω_t, u, v, ω_x, ω_y, Δω.
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §4.2; deviates: the residual itself, where the authors'
 *   code squares it before least squares, which makes the Jacobian vanish at the solution
 */
export function vorticityLaw(reynolds: number): PointwiseLaw {
  return {
    terms: ["ω_t", "u", "v", "ω_x", "ω_y", "Δω"],
    residual([wt, u, v, wx, wy, laplacian]) {
      return sub(add(wt!, add(mul(u!, wx!), mul(v!, wy!))), div(laplacian!, reynolds));
    },
    expand([wt, u, v, wx, wy, laplacian], first, second) {
      first.set([1, wx!, wy!, u!, v!, -1 / reynolds]);
      second[6 * 1 + 3] = second[6 * 3 + 1] = 1;
      second[6 * 2 + 4] = second[6 * 4 + 2] = 1;
      return wt! + u! * wx! + v! * wy! - laplacian! / reynolds;
    },
    spec: { name: "vorticity", parameters: { reynolds } },
  };
}

/** Options of `vorticityFlow`. */
export interface VorticityFlowOptions {
  /** Points in time, whole number ≥ 2. Default 9. */
  times?: number;
  /** Points along each side, even. Default 16. */
  points?: number;
  /** Reynolds number, > 0. Default 100. */
  reynolds?: number;
  /** End of time, > 0. Default 1. */
  duration?: number;
  /** Largest wave number of initial states, in [1, points/2). Default 2. */
  waves?: number;
}

/**
 * Two-dimensional incompressible flow as vorticity ω on the periodic square [0, 2π)²: ω_t + (u, v)·∇ω = Δω/Re with
 * (u, v) = (ψ_y, −ψ_x), −Δψ = ω. The condition is the amplitudes of the initial state's modes (`flowModes`). The initial
 * state is built in: ω = ω₀ + (t/T)·(basis without its spatial mean). Grid [times, points, points]: t, x, y.
 * @throws OptionError
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §4.2; deviates: initial states with a few modes; the
 *   factor before the basis is t/T in place of 0.005·t/T
 */
export function vorticityFlow(options: VorticityFlowOptions = {}): PhysicsProblem {
  const where = "physics.vorticityFlow";
  checkOptions(where, options, ["times", "points", "reynolds", "duration", "waves"]);
  const { times = 9, points = 16, reynolds = 100, duration = 1, waves = 2 } = options;
  checkWhole(where, "times", times, 2);
  checkWhole(where, "points / 2", points / 2, 2);
  checkRange(where, "reynolds", reynolds, "(0, ∞)");
  checkRange(where, "duration", duration, "(0, ∞)");
  checkWhole(where, "waves", waves, 1);
  checkRange(where, "waves", waves, `[1, ${points / 2})`);
  const grid = [times, points, points];
  const law = vorticityLaw(reynolds);
  const overTime = finiteDifference(times, duration / (times - 1));
  const slope = periodicDerivative(points);
  const basis = fourierBasis(points);
  const back = adjoint(basis);
  const modes = flowModes(points, waves);
  const inverse = new Float64Array(points * points);
  const square = new Float64Array(points * points);
  basis.waves.forEach((k, i) =>
    basis.waves.forEach((l, j) => {
      square[i * points + j] = k * k + l * l;
      inverse[i * points + j] = k + l > 0 ? 1 / (k * k + l * l) : 0;
    }),
  );

  /** Terms of a field [T, X, Y, ...]. */
  const terms = (field: Tensor): Tensor[] => {
    const scaled = (factors: Float64Array, x: Tensor): Tensor => {
      const rest = field.rank - 3;
      return mul(tensor(factors, { shape: [points, points, ...Array<number>(rest).fill(1)] }), x);
    };
    const spectrum = alongAxis(basis, alongAxis(basis, field, 1), 2);
    const space = (x: Tensor): Tensor => alongAxis(back, alongAxis(back, x, 1), 2);
    const stream = space(scaled(inverse, spectrum));
    return [
      alongAxis(overTime, field, 0),
      alongAxis(slope, stream, 2),
      neg(alongAxis(slope, stream, 1)),
      alongAxis(slope, field, 1),
      alongAxis(slope, field, 2),
      neg(space(scaled(square, spectrum))),
    ];
  };
  const initialState = (condition: Tensor): Tensor => {
    const flat = matmul(condition, tensor(modes.values, { shape: [modes.count, points ** 2] }));
    return broadcastTo(reshape(flat, [1, points, points, 1]), [...grid, 1]);
  };
  const coordinates = new Float64Array(5 * times * points ** 2);
  for (let p = 0; p < times * points ** 2; p++) {
    const x = (2 * Math.PI * (Math.floor(p / points) % points)) / points;
    const y = (2 * Math.PI * (p % points)) / points;
    const t = (2 * Math.floor(p / points ** 2)) / (times - 1) - 1;
    coordinates.set([t, Math.cos(x), Math.sin(x), Math.cos(y), Math.sin(y)], 5 * p);
  }
  const ramp = tensor(
    Float64Array.from({ length: times }, (_, i) => i / (times - 1)),
    { shape: [times, 1, 1, 1] },
  );

  return {
    ...{ name: "vorticity", grid, features: 10, conditions: modes.count },
    draw: (uniform) =>
      Float64Array.from({ length: modes.count }, () => (2 * uniform() - 1) / Math.sqrt(waves)),
    inputs(condition) {
      const state = initialState(condition);
      const [, u, v, wx, wy] = terms(state);
      return concat([tensor(coordinates, { shape: [...grid, 5] }), state, u!, v!, wx!, wy!], 3);
    },
    ansatz(outputs, condition) {
      const centred = sub(outputs, mean(outputs, [1, 2], { keepDims: true }));
      return { basis: mul(ramp, centred), offset: reshape(initialState(condition), grid) };
    },
    constraints({ basis: functions, offset }: LinearField) {
      const n = functions.shape.at(-1)!;
      return {
        points: {
          law,
          terms: terms(functions).map((t) => reshape(t, [-1, n])),
          ...(offset ? { offsets: terms(expandDims(offset, -1)).map((t) => reshape(t, [-1])) } : {}),
        },
        shared: [],
      };
    },
    reference: (condition) => vorticityReference({ times, points, reynolds, duration, waves, condition }),
  };
}
