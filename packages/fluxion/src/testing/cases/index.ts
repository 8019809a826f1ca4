import { elementwiseCases, elementwiseValues } from "./elementwise.js";
import { indexingCases, indexingValues } from "./indexing.js";
import { movementCases, movementValues } from "./movement.js";
import { nnCases, nnValues } from "./nn.js";
import type { OpCases, ValueCases } from "./op-case.js";
import { productCases } from "./products.js";
import { reduceCases, reduceValues } from "./reduce.js";
import { windowCases } from "./window.js";

/** Points at which every differentiable public operator is checked. */
export const opCases: OpCases = {
  ...elementwiseCases,
  ...movementCases,
  ...reduceCases,
  ...nnCases,
  ...windowCases,
  ...indexingCases,
  ...productCases,
};

/** Public operators whose values are checked in dtypes besides. */
export const valueCases: ValueCases = {
  ...elementwiseValues,
  ...movementValues,
  ...reduceValues,
  ...nnValues,
  ...indexingValues,
};
