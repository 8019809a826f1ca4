/**
 * Claims of papers as programs: what is measured, the inequalities, and how they are run.
 * @module
 */
export type { AllArtefacts, PaperArtefacts } from "./artefacts.js";
export {
  atLeast,
  atMost,
  type Check,
  type Claim,
  type ClaimContext,
  type Figures,
  type Tier,
} from "./claim.js";
export { runClaim, type ClaimOutcome, type RunClaimOptions } from "./run.js";
