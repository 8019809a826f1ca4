// Where the artefacts of the papers are. It does not compile while a paper marked "done" in the registry lacks one.
import type { AllArtefacts } from "fluxion/claims";

export const artefacts: AllArtefacts = {
  adamp: {
    claim: () => import("./adamp/claim.js"),
    demo: () => import("./adamp/demo.js"),
  },
  diffgrad: {
    claim: () => import("./diffgrad/claim.js"),
    demo: () => import("./diffgrad/demo.js"),
  },
  "rectified-flow": {
    claim: () => import("./rectified-flow/claim.js"),
    demo: () => import("./rectified-flow/demo.js"),
  },
  tract: {
    claim: () => import("./tract/claim.js"),
    demo: () => import("./tract/demo.js"),
  },
  "transformers-as-svm": {
    claim: () => import("./transformers-as-svm/claim.js"),
    demo: () => import("./transformers-as-svm/demo.js"),
  },
  "directional-sharpness": {
    claim: () => import("./directional-sharpness/claim.js"),
    demo: () => import("./directional-sharpness/demo.js"),
  },
  "convex-two-layer-relu": {
    claim: () => import("./convex-two-layer-relu/claim.js"),
    demo: () => import("./convex-two-layer-relu/demo.js"),
  },
  "low-rank-completion": {
    claim: () => import("./low-rank-completion/claim.js"),
    demo: () => import("./low-rank-completion/demo.js"),
  },
  instaflow: {
    claim: () => import("./instaflow/claim.js"),
    demo: () => import("./instaflow/demo.js"),
  },
  "deep-conjugate-direction": {
    claim: () => import("./deep-conjugate-direction/claim.js"),
    demo: () => import("./deep-conjugate-direction/demo.js"),
  },
  "gradient-boosted-nn": {
    claim: () => import("./gradient-boosted-nn/claim.js"),
    demo: () => import("./gradient-boosted-nn/demo.js"),
  },
  alignprop: {
    claim: () => import("./alignprop/claim.js"),
    demo: () => import("./alignprop/demo.js"),
  },
  apg: {
    claim: () => import("./apg/claim.js"),
    demo: () => import("./apg/demo.js"),
  },
  "f-distill": {
    claim: () => import("./f-distill/claim.js"),
    demo: () => import("./f-distill/demo.js"),
  },
  "sd3-rectified-flow-transformers": {
    claim: () => import("./sd3-rectified-flow-transformers/claim.js"),
    demo: () => import("./sd3-rectified-flow-transformers/demo.js"),
  },
  "pi-hc-moe": {
    claim: () => import("./pi-hc-moe/claim.js"),
    demo: () => import("./pi-hc-moe/demo.js"),
  },
  "sequential-gradient-coding": {
    claim: () => import("./sequential-gradient-coding/claim.js"),
    demo: () => import("./sequential-gradient-coding/demo.js"),
  },
  diff2: {
    claim: () => import("./diff2/claim.js"),
    demo: () => import("./diff2/demo.js"),
  },
  reste: {
    claim: () => import("./reste/claim.js"),
    demo: () => import("./reste/demo.js"),
  },
  sophia: {
    claim: () => import("./sophia/claim.js"),
    demo: () => import("./sophia/demo.js"),
  },
  "opposing-signals": {
    claim: () => import("./opposing-signals/claim.js"),
    demo: () => import("./opposing-signals/demo.js"),
  },
  adadagrad: {
    claim: () => import("./adadagrad/claim.js"),
    demo: () => import("./adadagrad/demo.js"),
  },
  "rectified-diffusion": {
    claim: () => import("./rectified-diffusion/claim.js"),
    demo: () => import("./rectified-diffusion/demo.js"),
  },
  rfpp: {
    claim: () => import("./rfpp/claim.js"),
    demo: () => import("./rfpp/demo.js"),
  },
  slimflow: {
    claim: () => import("./slimflow/claim.js"),
    demo: () => import("./slimflow/demo.js"),
  },
  flowchef: {
    claim: () => import("./flowchef/claim.js"),
    demo: () => import("./flowchef/demo.js"),
  },
  "rf-solver": {
    claim: () => import("./rf-solver/claim.js"),
    demo: () => import("./rf-solver/demo.js"),
  },
};
