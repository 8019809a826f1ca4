import { useEffect, useRef, useState } from "preact/hooks";
import type { DemoState } from "fluxion/demo";
import type { Engine, Reply, Request } from "./protocol.js";
import { saveFile } from "./save-file.js";
import { useWorker } from "./use-worker.js";

/** Why a run ended before its time. */
type Failure = Pick<Extract<Reply, { type: "failed" }>, "message" | "gpu">;

/** What is known of a running demo. */
export interface DemoProgress {
  readonly phase: "idle" | "loading" | "building" | "ready" | "failed";
  readonly loaded?: { readonly bytes: number; readonly total: number | undefined };
  readonly engine?: Engine;
  readonly threads?: number;
  readonly adapter?: string | undefined;
  /** Whether WebGPU is there, but in software, which is slower than Wasm. */
  readonly software?: boolean;
  readonly seen?: Extract<Reply, { type: "views" }>;
  readonly failure?: Failure;
  /** Why WebGPU was left for Wasm. */
  readonly left?: string;
}

/** A demo in a worker of its own. */
export interface DemoHandle extends DemoProgress {
  /** Starts, or goes on, for `steps` steps or without end. */
  readonly run: (steps?: number) => void;
  readonly pause: () => void;
  /** Ends the worker; the next run begins anew. */
  readonly reset: () => void;
  /** Downloads what the run can be taken home as. */
  readonly download: (name: string) => void;
}

/** What WebGPU said about demos that it cannot run, since the site was opened: it is not asked again. */
const refusals = new Map<string, string>();

const runFor = (steps: number | undefined): Request => ({ type: "run", ...(steps && { steps }) });

/** Runs the demo `id` in a worker, which ends when the state changes or the page is left. */
export function useDemo(id: string, state: DemoState, engine: Engine | "auto"): DemoHandle {
  const [progress, setProgress] = useState<DemoProgress>({ phase: "idle" });
  /** Steps of the run as it was last asked for, in all. */
  const wanted = useRef<number>();
  const fileName = useRef("model.onnx");
  const leftFor = (): string | undefined => (engine === "auto" ? refusals.get(id) : undefined);
  const fail = (failure: Failure): void =>
    setProgress(({ seen, ...was }) => ({
      ...{ ...was, phase: "failed", failure },
      ...(seen && { seen: { ...seen, status: "paused" } }),
    }));

  const worker = useWorker<Request, Reply>(
    () => new Worker(new URL("./demo.worker.ts", import.meta.url), { type: "module" }),
    (reply) => {
      if (reply.type === "loading") {
        setProgress({ phase: "loading", loaded: { bytes: reply.loaded, total: reply.total } });
      } else if (reply.type === "ready") {
        const { engine, threads, adapter, software } = reply;
        setProgress({ phase: "building", engine, threads, adapter, software });
      } else if (reply.type === "file") {
        saveFile(reply.bytes, fileName.current);
      } else if (reply.type === "views") {
        setProgress((was) => ({ ...was, phase: "ready", seen: reply }));
      } else if (reply.type === "phase") {
        const { phase, steps, pace } = reply;
        setProgress((was) => (was.seen ? { ...was, seen: { ...was.seen, phase, steps, pace } } : was));
      } else if (reply.gpu === "refused" && engine === "auto") {
        // What the graphics card cannot do, Wasm can.
        refusals.set(id, reply.message);
        start();
        worker.ask(runFor(wanted.current));
      } else fail(reply);
    },
    (message) => fail({ message: message || "The demo could not be loaded." }),
  );
  const start = (): void => {
    setProgress({ phase: "loading" });
    const chosen = leftFor() === undefined ? engine : "wasm";
    worker.open({ type: "create", id, state, engine: chosen });
  };
  const reset = (): void => {
    worker.stop();
    setProgress({ phase: "idle" });
  };
  const key = JSON.stringify([id, state, engine]);
  useEffect(reset, [key]);

  const left = leftFor();
  return {
    ...{ ...progress, ...(left !== undefined && { left }) },
    run(steps) {
      const anew = progress.phase === "failed" || !worker.alive();
      wanted.current = steps && steps + (anew ? 0 : (progress.seen?.steps ?? 0));
      if (anew) start();
      worker.ask(runFor(steps));
    },
    pause: () => worker.ask({ type: "pause" }),
    reset,
    download(name) {
      fileName.current = name;
      worker.ask({ type: "file" });
    },
  };
}
