// What the claim and the demo of APG have in common: the rules that are compared, and pictures under one of them.
import type { ArrayData } from "fluxion/data";
import {
  apg,
  cfg,
  cfgRescale,
  generatePairs,
  intervalGuidance,
  type FlowMlpParams,
  type GuidanceRule,
} from "fluxion/flow";
import { network, nullClass, shape } from "../fashion14.js";

/** Length that the difference is shortened to: about its length half-way through an unguided run, a half of it at the start. */
export const normThreshold = 2;

/** The rules, by name, for a scale. */
export const rules: Readonly<Record<string, (scale: number) => GuidanceRule>> = {
  cfg: (scale) => cfg({ scale }),
  apg: (scale) => apg({ scale, normThreshold }),
  eta: (scale) => apg({ scale, momentum: 0 }),
  lengthAndMomentum: (scale) => apg({ scale, eta: 1, normThreshold }),
  apgVelocity: (scale) => apg({ scale, normThreshold, space: "velocity" }),
  rescale: (scale) => cfgRescale({ scale }),
  interval: (scale) => intervalGuidance(cfg({ scale }), [0.2, 0.8]),
};

/** Pictures [N, 1, 14, 14] of these classes in 25 Euler steps. */
export async function drawGuided(options: {
  params: FlowMlpParams;
  rule: GuidanceRule;
  cond: ArrayData<Int32Array>;
  seed: number;
  signal?: AbortSignal;
}): Promise<ArrayData<Float32Array>> {
  const { rule, cond, ...rest } = options;
  const { x1 } = await generatePairs({
    ...{ ...rest, cond, model: network.apply, shape, n: cond.shape[0]!, steps: 25, threads: 1 },
    guidance: { rule, nullCond: nullClass },
  });
  return x1;
}
