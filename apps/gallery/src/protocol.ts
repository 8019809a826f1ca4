// What a page and its worker say to each other.
import type { DemoState, View } from "fluxion/demo";

/** Where a demo computes. */
export type Engine = "wasm" | "webgpu";

/** How far a long run is. */
export interface Phase {
  readonly text: string;
  /** Share of the whole, in [0, 1]. */
  readonly done: number;
}

/** From the page. */
export type Request =
  | {
      readonly type: "create";
      readonly id: string;
      readonly state: DemoState;
      readonly engine: Engine | "auto";
    }
  /** Goes on, for `steps` steps or without end. */
  | { readonly type: "run"; readonly steps?: number }
  | { readonly type: "pause" }
  /** Asks for what the run can be taken home as. */
  | { readonly type: "file" };

/** From the worker. */
export type Reply =
  | { readonly type: "loading"; readonly loaded: number; readonly total: number | undefined }
  | {
      readonly type: "ready";
      readonly engine: Engine;
      readonly threads: number;
      readonly adapter: string | undefined;
      /** Whether a WebGPU adapter was passed over because it is software. */
      readonly software: boolean;
    }
  | {
      readonly type: "views";
      readonly views: readonly View[];
      readonly steps: number;
      /** Milliseconds of a step, the mean of the recent ones. */
      readonly pace: number;
      readonly status: "running" | "paused" | "done";
      readonly phase?: Phase;
    }
  /** Of runs that say how far they are: after every step, where views come less often. */
  | { readonly type: "phase"; readonly phase: Phase; readonly steps: number; readonly pace: number }
  | { readonly type: "file"; readonly bytes: Uint8Array }
  /** `gpu` if WebGPU is at fault: it refuses the demo, or its device went away. */
  | { readonly type: "failed"; readonly message: string; readonly gpu?: "refused" | "lost" };
