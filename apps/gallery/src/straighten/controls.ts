import type { Demo, StateOf } from "fluxion/demo";

/** What can be set besides the drawing. */
export const controls = {
  training: { kind: "range", label: "Steps of each training", min: 200, max: 6000, step: 200, initial: 2000 },
  reflows: { kind: "range", label: "Reflows", min: 1, max: 2, step: 1, initial: 1 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

/** A run's setting. */
export type StraightenState = StateOf<typeof controls>;

/** Numbers of Euler steps that are compared. */
export const counts = [1, 2, 4, 8, 40] as const;
