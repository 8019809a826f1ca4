import * as random from "../core/random/index.js";
import type { Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { mul, sub } from "../ops/arithmetic.js";
import { zeros } from "../ops/create.js";

/** Makes a float32 tensor of `shape` from a key; `fanIn` and `fanOut` are the numbers of connections. */
export type Initializer = (key: Tensor, shape: Shape, fanIn: number, fanOut: number) => Tensor;

const symmetric = (key: Tensor, shape: Shape, bound: number): Tensor =>
  mul(sub(random.uniform(key, shape), 0.5), 2 * bound);

/** Uniform in ±√(1/fanIn): PyTorch's default of linear and convolutional layers. */
export const lecunUniform: Initializer = (key, shape, fanIn) => symmetric(key, shape, Math.sqrt(1 / fanIn));

/** Uniform in ±√(6/(fanIn + fanOut)). @source X. Glorot & Y. Bengio, 2010, eq. 16; deviates: none */
export const glorotUniform: Initializer = (key, shape, fanIn, fanOut) =>
  symmetric(key, shape, Math.sqrt(6 / (fanIn + fanOut)));

/** Normal with variance 2/fanIn, for rectified units. @source K. He et al., 2015, arXiv 1502.01852, eq. 10; deviates: none */
export const heNormal: Initializer = (key, shape, fanIn) =>
  mul(random.normal(key, shape), Math.sqrt(2 / fanIn));

/** Normal with a given standard deviation. */
export const normalInit =
  (std: number): Initializer =>
  (key, shape) =>
    mul(random.normal(key, shape), std);

/** Zeros: the start of a residual branch or an output that is to begin at nothing. */
export const zeroInit: Initializer = (_, shape) => zeros(shape);
