// The right-hand sides, solids and the training of the claim and the demo.
import { random } from "fluxion";
import { normalFrom, seededUniform } from "fluxion/data";
import { adam, piecewiseSchedule } from "fluxion/optim";
import {
  directionNetwork,
  poissonOperator,
  ritzResiduals,
  trainDirections,
  type DirectionNetworkParams,
  type PoissonOperator,
} from "fluxion/solve";

/** Kinds of right-hand sides. */
export const sides = ["noise", "gaussians", "points", "constant"] as const;
export type Side = (typeof sides)[number];

/** A right-hand side, 0 in solids; its features scale with the grid. */
export function rightHandSide(
  kind: Side,
  { shape, size, free }: PoissonOperator,
  seed: number,
): Float64Array {
  const uniform = seededUniform(seed, 11);
  const normal = normalFrom(uniform);
  const b = new Float64Array(size);
  const place = (): number[] => shape.map((n) => (0.15 + 0.7 * uniform()) * n);
  const squared = (i: number, centre: readonly number[]): number => {
    let [rest, sum] = [i, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      sum += ((rest % shape[axis]!) - centre[axis]!) ** 2;
      rest = Math.floor(rest / shape[axis]!);
    }
    return sum;
  };
  if (kind === "noise") b.forEach((_, i) => (b[i] = normal()));
  if (kind === "constant") b.fill(1);
  if (kind === "gaussians")
    for (const sign of [1, -1]) {
      const [centre, width] = [place(), 0.1 * shape.at(-1)!];
      b.forEach((_, i) => (b[i]! += sign * Math.exp(-squared(i, centre) / (2 * width ** 2))));
    }
  if (kind === "points")
    for (let n = 0; n < 8; n++) {
      const centre = place().map(Math.floor);
      b[centre.reduce((at, v, axis) => at * shape[axis]! + v, 0)]! += n % 2 === 0 ? 1 : -1;
    }
  return b.map((v, i) => v * free[i]!);
}

/** Solids in a square or cube: none, a disc or ball off the middle, or three bars or walls to go around. */
export function solidOf(kind: "none" | "disc" | "bars", n: number, dims: 2 | 3 = 2): Uint8Array {
  return Uint8Array.from({ length: n ** dims }, (_, i) => {
    const [z, y, x] = [Math.floor(i / n ** 2) / n, (Math.floor(i / n) % n) / n, (i % n) / n];
    if (kind === "disc") return Math.hypot(y - 0.45, x - 0.6, dims === 3 ? z - 0.5 : 0) < 0.18 ? 1 : 0;
    const bar = [0.25, 0.5, 0.75].findIndex((at) => Math.abs(x - at) < 0.02);
    return kind === "bars" && bar >= 0 && (bar % 2 === 0 ? y < 0.7 : y > 0.3) ? 1 : 0;
  });
}

/** How a network is trained: on the grid of `side` cells an axis, without solids. */
export interface Schooling {
  readonly dims: 2 | 3;
  readonly side: number;
  readonly channels: number;
  readonly ritzVectors: number;
  readonly samples: number;
  readonly steps: number;
}

/** Steps at a rate of 1.5e-3, then 0.3 of it, then 0.1. */
export function school(
  { dims, side, channels, ritzVectors, samples, steps }: Schooling,
  seed: number,
  options: {
    signal?: AbortSignal;
    onRecord?: (at: { step: number; loss: number }) => void | Promise<void>;
  } = {},
) {
  const shape = new Array<number>(dims).fill(side);
  const network = directionNetwork({ dims, channels });
  const rates = [1.5e-3, 4.5e-4, 1.5e-4];
  const boundaries = [Math.round(0.6 * steps), Math.round(0.85 * steps)];
  const data = ritzResiduals(poissonOperator({ shape }), { ritzVectors, samples, seed });
  const trained = trainDirections<DirectionNetworkParams>({
    ...{
      network,
      shape,
      data,
      params: network.init(random.key(seed)),
      seed,
      steps,
      stepsPerCall: 20,
      threads: 1,
    },
    ...{
      optimizer: adam({ learningRate: piecewiseSchedule({ boundaries, values: rates }) }),
      recordEvery: 20,
    },
    ...options,
  });
  return { network, trained };
}
