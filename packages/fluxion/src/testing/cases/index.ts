import { elementwiseCases, elementwiseValues } from "./elementwise.js";
import { movementCases, movementValues } from "./movement.js";
import type { OpCases, ValueCases } from "./op-case.js";
import { reduceCases, reduceValues } from "./reduce.js";

/** Points at which every differentiable public operator is checked. */
export const opCases: OpCases = { ...elementwiseCases, ...movementCases, ...reduceCases };

/** Public operators whose values are checked in dtypes besides. */
export const valueCases: ValueCases = { ...elementwiseValues, ...movementValues, ...reduceValues };
