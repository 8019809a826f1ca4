// What `npm run bench -- solve` measures: one section a method, each in a file of its own.
import { attentionSvm } from "./attention-svm.js";
import { boosting } from "./boosting.js";
import { completion, completionRank } from "./completion.js";
import { convexReluSteps } from "./convex-relu.js";
import { hardConstraints } from "./hard-constraint.js";
import { poissonPlane, poissonSpace } from "./poisson.js";
import type { ScalingSection } from "./scaling.js";

export const sections: readonly ScalingSection[] = [
  attentionSvm,
  convexReluSteps,
  boosting,
  completion,
  completionRank,
  poissonPlane,
  poissonSpace,
  hardConstraints,
];
