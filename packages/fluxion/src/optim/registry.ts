import { OptionError } from "../core/errors.js";
import { adadelta } from "./adadelta.js";
import { adagrad } from "./adagrad.js";
import { adagradNorm } from "./adagrad-norm.js";
import { adam } from "./adam.js";
import { adamp, sgdp } from "./adamp.js";
import { adamw } from "./adamw.js";
import { adamClip, sgdClip } from "./clip-top.js";
import { diffGrad } from "./diffgrad.js";
import { lion } from "./lion.js";
import { normalizedGd } from "./normalized.js";
import { rmsprop } from "./rmsprop.js";
import { momentum, nesterov, sgd } from "./sgd.js";
import { signSgd } from "./sign.js";
import { splitSgd } from "./split-sgd.js";
import { sophia } from "./sophia.js";
import type { Transform } from "./transform.js";

/** Every optimizer by its name; each takes an options object and refuses keys it does not know. */
export const optimizers = {
  adadelta,
  adagrad,
  adagradNorm,
  adam,
  adamClip,
  adamp,
  adamw,
  diffgrad: diffGrad,
  lion,
  momentum,
  nesterov,
  normalizedGd,
  rmsprop,
  sgd,
  sgdClip,
  sgdp,
  signSgd,
  splitSgd,
  sophia,
} as const;

/** Name of an optimizer, such as `adamw`. */
export type OptimizerName = keyof typeof optimizers;

/**
 * The optimizer of this name, for names that come from a command line or a file.
 * @param options its options, checked when it is made
 * @throws OptionError for an unknown name, an unknown option or a value out of range
 */
export function createOptimizer(name: string, options: object = {}): Transform {
  if (Object.hasOwn(optimizers, name)) return optimizers[name as OptimizerName](options);
  const want = `one of ${Object.keys(optimizers).join(", ")}`;
  throw new OptionError({ where: "optim.createOptimizer", want, got: `"${name}"` });
}
