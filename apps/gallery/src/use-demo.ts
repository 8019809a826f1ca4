import { useEffect, useRef, useState } from "preact/hooks";
import type { DemoState } from "fluxion/demo";
import type { Engine, Reply, Request } from "./protocol.js";
import { saveFile } from "./save-file.js";
import { useWorker } from "./use-worker.js";

/** What is known of a running demo. */
export interface DemoProgress {
  readonly phase: "idle" | "loading" | "building" | "ready" | "failed";
  readonly loaded?: { readonly bytes: number; readonly total: number | undefined };
  readonly engine?: Engine;
  readonly threads?: number;
  readonly adapter?: string | undefined;
  readonly seen?: Extract<Reply, { type: "views" }>;
  readonly failure?: { readonly message: string; readonly gpu: boolean };
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

const runFor = (steps: number | undefined): Request => ({ type: "run", ...(steps && { steps }) });

/** Runs the demo `id` in a worker, which ends when the state changes or the page is left. */
export function useDemo(id: string, state: DemoState, engine: Engine | "auto"): DemoHandle {
  const [progress, setProgress] = useState<DemoProgress>({ phase: "idle" });
  const wanted = useRef<number | undefined>(0);
  const left = useRef<string>();
  const fileName = useRef("model.onnx");
  const update = (change: DemoProgress | ((was: DemoProgress) => DemoProgress)): void =>
    setProgress((was) => {
      const now = typeof change === "function" ? change(was) : change;
      return left.current === undefined ? now : { ...now, left: left.current };
    });
  const fail = (failure: { message: string; gpu: boolean }): void =>
    update((was) => ({ ...was, phase: "failed", failure }));

  const worker = useWorker<Request, Reply>(
    () => new Worker(new URL("./demo.worker.ts", import.meta.url), { type: "module" }),
    (reply) => {
      if (reply.type === "loading") {
        update({ phase: "loading", loaded: { bytes: reply.loaded, total: reply.total } });
      } else if (reply.type === "ready") {
        const { engine, threads, adapter } = reply;
        update({ phase: "building", engine, threads, adapter });
      } else if (reply.type === "file") {
        saveFile(reply.bytes, fileName.current);
      } else if (reply.type === "views") {
        update((was) => ({ ...was, phase: "ready", seen: reply }));
      } else if (reply.gpu && engine === "auto") {
        // What the graphics card cannot do, Wasm can.
        left.current = reply.message;
        start();
        worker.ask(runFor(wanted.current));
      } else fail(reply);
    },
    (message) => fail({ message: message || "The demo could not be loaded.", gpu: false }),
  );
  const start = (): void => {
    update({ phase: "loading" });
    const chosen = left.current === undefined ? engine : "wasm";
    worker.open({ type: "create", id, state, engine: chosen });
  };
  const reset = (): void => {
    worker.stop();
    setProgress({ phase: "idle" });
  };
  const key = JSON.stringify([id, state, engine]);
  useEffect(() => {
    left.current = undefined;
    reset();
  }, [key]);

  return {
    ...progress,
    run(steps) {
      wanted.current = steps;
      if (progress.phase === "failed" || !worker.alive()) start();
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
