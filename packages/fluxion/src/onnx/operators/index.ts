import type { Translations } from "../call.js";
import { activation } from "./activation.js";
import { arithmetic } from "./arithmetic.js";
import { attentions } from "./attention.js";
import { casts } from "./cast.js";
import { comparison } from "./comparison.js";
import { controlFlow } from "./control-flow.js";
import { convolution } from "./convolution.js";
import { matrices } from "./matrix.js";
import { movement } from "./movement.js";
import { normalization } from "./normalization.js";
import { reductions } from "./reduction.js";
import { indexing } from "./indexing.js";
import { losses } from "./loss.js";
import { pooling } from "./pooling.js";
import { quantization } from "./quantization.js";
import { recurrents } from "./recurrent.js";
import { resizing } from "./resizing.js";
import { spectral } from "./spectral.js";
import { shapes } from "./shape.js";

/** Every operator that can be imported. */
export const translations: Translations = {
  ...activation,
  ...arithmetic,
  ...attentions,
  ...casts,
  ...comparison,
  ...controlFlow,
  ...convolution,
  ...matrices,
  ...movement,
  ...normalization,
  ...reductions,
  ...indexing,
  ...losses,
  ...pooling,
  ...quantization,
  ...recurrents,
  ...resizing,
  ...spectral,
  ...shapes,
};

/** Inputs that are settings of an operator, or statistics of data, and never parameters. */
export const constantInputs: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  Clip: [1, 2],
  Dropout: [1],
  DequantizeLinear: [1],
  Pad: [2],
  QuantizeLinear: [1],
  Range: [0, 1, 2],
  Resize: [1, 2],
  Upsample: [1],
};
