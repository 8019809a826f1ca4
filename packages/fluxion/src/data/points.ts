import { checkOptions, OptionError } from "../core/errors.js";
import { type ArrayData, wholeNumber } from "./array-data.js";
import { normalFrom } from "./seeded.js";

/** Draws of one point: numbers in [0, 1) and standard normal ones. */
interface Draws {
  uniform: () => number;
  normal: () => number;
}

interface PointSet {
  /** Standard deviation of the isotropic noise before normalisation. */
  noise: number;
  /** Mean of a point, noise or not. */
  centre: readonly [number, number];
  /** E |p - centre|^2 without noise. */
  spread: number;
  /** One point without noise. */
  draw: (draws: Draws) => [number, number];
}

const { PI, cos, sin, sqrt, floor, exp } = Math;

/** Standard deviations of the pinwheel's arms along and across. */
const arm = { along: 0.3, across: 0.1 };

/** Every set has mean 0 and E |p|^2 = 2 after normalisation by its exact moments, so batches agree with each other. */
const sets = {
  /** Two interleaved half circles. */
  moons: {
    noise: 0.05,
    centre: [0.5, 0.25],
    spread: 0.75 + 0.5625 - 1 / PI,
    draw: ({ uniform }) => {
      const upper = uniform() < 0.5;
      const angle = PI * uniform();
      return upper ? [cos(angle), sin(angle)] : [1 - cos(angle), 0.5 - sin(angle)];
    },
  },
  /** The eight dark squares of a 4 x 4 board. */
  checkerboard: {
    noise: 0,
    centre: [0, 0],
    spread: 2 * (16 / 12),
    draw: ({ uniform }) => {
      const x = 4 * uniform() - 2;
      const row = 2 * floor(2 * uniform()) + (((floor(x) % 2) + 2) % 2);
      return [x, row - 2 + uniform()];
    },
  },
  /** Two spirals of one and a half turns, each the other's half-turn. */
  spirals: {
    noise: 0.02,
    centre: [0, 0],
    spread: 0.5,
    draw: ({ uniform }) => {
      const radius = (uniform() < 0.5 ? 1 : -1) * sqrt(uniform());
      const angle = 3 * PI * Math.abs(radius);
      return [radius * cos(angle), radius * sin(angle)];
    },
  },
  /** Four concentric circles of radius 1/4, 1/2, 3/4 and 1, equally likely. */
  rings: {
    noise: 0.02,
    centre: [0, 0],
    spread: (1 + 4 + 9 + 16) / 64,
    draw: ({ uniform }) => polar((1 + floor(4 * uniform())) / 4, 2 * PI * uniform()),
  },
  /** Eight Gaussian clusters on the unit circle. */
  "eight-gaussians": {
    noise: 0.1,
    centre: [0, 0],
    spread: 1,
    draw: ({ uniform }) => polar(1, (floor(8 * uniform()) * PI) / 4),
  },
  /** Five Gaussian arms, twisted the more the farther out. */
  pinwheel: {
    noise: 0,
    centre: [0, 0],
    spread: 1 + arm.along ** 2 + arm.across ** 2,
    draw: ({ uniform, normal }) => {
      const x = 1 + arm.along * normal();
      const y = arm.across * normal();
      const angle = (floor(5 * uniform()) * 2 * PI) / 5 + 0.25 * exp(x);
      return [x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)];
    },
  },
  /** One spiral of one and a half turns, r = angle from 1.5 pi to 4.5 pi. */
  "swiss-roll": {
    noise: 0.5,
    centre: [2, 2 / (3 * PI)],
    spread: 9.75 * PI ** 2 - 4 - 4 / (9 * PI ** 2),
    draw: ({ uniform }) => {
      const angle = 1.5 * PI * (1 + 2 * uniform());
      return polar(angle, angle);
    },
  },
} as const satisfies Record<string, PointSet>;

/** Name of a 2-D point set. */
export type PointSetName = keyof typeof sets;

/** The names that `samplePoints` knows. */
export const pointSetNames = Object.keys(sets) as PointSetName[];

/** How to draw points. */
export interface PointOptions {
  /** Standard deviation of the noise in the set's own units (see the source); default: the set's own. */
  noise?: number;
}

/**
 * Draws points of a 2-D set, shifted and scaled by the set's exact mean and spread so that E p = 0 and E |p|^2 = 2
 * (the scale of a standard normal): batches of any size are samples of one distribution.
 * @param name one of `pointSetNames`
 * @param n number of points, >= 0
 * @param uniform source of numbers in [0, 1), e.g. `seededUniform(seed)`; drawn from in a fixed order
 * @returns float32 [n, 2]
 * @throws OptionError for an unknown name or option or a negative `n` or noise
 */
export function samplePoints(
  name: PointSetName,
  n: number,
  uniform: () => number,
  options: PointOptions = {},
): ArrayData<Float32Array> {
  const where = "data.samplePoints";
  checkOptions(where, options, ["noise"]);
  if (!Object.hasOwn(sets, name)) {
    throw new OptionError({ where, want: `one of ${pointSetNames.join(", ")}`, got: name });
  }
  wholeNumber(where, "n", n, 0);
  const set: PointSet = sets[name];
  const noise = options.noise ?? set.noise;
  if (!(noise >= 0 && noise < Infinity))
    throw new OptionError({ where, want: "noise >= 0", got: String(noise) });
  const draws = { uniform, normal: normalFrom(uniform) };
  const scale = 1 / sqrt(set.spread / 2 + noise ** 2);
  const data = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const [x, y] = set.draw(draws);
    data[2 * i] = (x + noise * draws.normal() - set.centre[0]) * scale;
    data[2 * i + 1] = (y + noise * draws.normal() - set.centre[1]) * scale;
  }
  return { data, shape: [n, 2] };
}

const polar = (radius: number, angle: number): [number, number] => [radius * cos(angle), radius * sin(angle)];
