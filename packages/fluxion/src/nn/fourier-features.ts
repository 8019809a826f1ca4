import { checkOptions, OptionError } from "../core/errors.js";
import { constant, type Tensor } from "../core/tensor.js";
import { normalFrom, seededUniform } from "../data/seeded.js";
import { matmul } from "../ops/matmul.js";
import { concat } from "../ops/movement.js";
import { cos, sin } from "../ops/unary.js";
import { checkSizes } from "./sizes.js";

/** Options of `fourierFeatures`. */
export interface FourierFeaturesOptions {
  /** Standard deviation of the frequencies, radians per unit of x, > 0: finer detail with more. Default 4. */
  scale?: number;
  /** Fixes the frequencies: whole number in [0, 2³²). Default 0. */
  seed?: number;
}

/**
 * Sines and cosines of fixed random waves across a space of few dimensions: [sin(x·W), cos(x·W)], W [D, waves] from
 * N(0, scale²). A network that sees them learns fine structure that it would smooth away in bare coordinates.
 * @param x float [B, D]
 * @param waves number of waves, whole number ≥ 1
 * @returns [B, 2·waves], first all sines
 * @throws OptionError
 * @source M. Tancik et al., 2020, arXiv 2006.10739, §5 (Gaussian mapping); deviates: 2π is part of `scale`
 */
export function fourierFeatures(x: Tensor, waves: number, options: FourierFeaturesOptions = {}): Tensor {
  const where = "nn.fourierFeatures";
  checkOptions(where, options, ["scale", "seed"]);
  checkSizes(where, { waves });
  const { scale = 4, seed = 0 } = options;
  if (!(scale > 0 && scale < Infinity)) {
    throw new OptionError({ where, want: "a scale above 0", got: String(scale) });
  }
  const next = normalFrom(seededUniform(seed));
  const size = x.shape[1]!;
  const frequencies = Array.from({ length: size * waves }, () => scale * next());
  const angle = matmul(x, constant(frequencies, "float32", [size, waves]));
  return concat([sin(angle), cos(angle)], 1);
}
