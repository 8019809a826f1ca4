import { useEffect, useRef, useState } from "preact/hooks";
import type { DemoState } from "fluxion/demo";
import type { Engine, Reply, Request } from "./protocol.js";

/** What is known of a running demo. */
export interface DemoProgress {
  readonly phase: "idle" | "loading" | "building" | "ready" | "failed";
  readonly loaded?: { readonly bytes: number; readonly total: number | undefined };
  readonly engine?: Engine;
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

const post = (worker: Worker, steps: number | undefined): void =>
  worker.postMessage({ type: "run", ...(steps && { steps }) } satisfies Request);

/** Hands bytes to the browser's downloads. */
export function saveFile(bytes: Uint8Array, name: string): void {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Runs the demo `id` in a worker, which ends when the state changes or the page is left. */
export function useDemo(
  id: string,
  state: DemoState,
  engine: Engine | "auto",
  drawn?: Float32Array,
): DemoHandle {
  const [progress, setProgress] = useState<DemoProgress>({ phase: "idle" });
  const worker = useRef<Worker>();
  const wanted = useRef<number | undefined>(0);
  const left = useRef<string>();
  const fileName = useRef("model.onnx");

  const stop = (): void => {
    worker.current?.terminate();
    worker.current = undefined;
  };
  const reset = (): void => {
    stop();
    setProgress({ phase: "idle" });
  };
  const key = JSON.stringify([id, state, engine]);
  useEffect(() => {
    left.current = undefined;
    reset();
    return stop;
  }, [key, drawn]);

  const start = (): Worker => {
    const made = new Worker(new URL("./demo.worker.ts", import.meta.url), { type: "module" });
    worker.current = made;
    const update = (change: DemoProgress | ((was: DemoProgress) => DemoProgress)): void => {
      if (worker.current !== made) return;
      setProgress((was) => {
        const now = typeof change === "function" ? change(was) : change;
        return left.current === undefined ? now : { ...now, left: left.current };
      });
    };
    update({ phase: "loading" });
    made.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.type === "loading") {
        update({ phase: "loading", loaded: { bytes: data.loaded, total: data.total } });
      } else if (data.type === "ready") {
        update({ phase: "building", engine: data.engine, adapter: data.adapter });
      } else if (data.type === "file") {
        saveFile(data.bytes, fileName.current);
      } else if (data.type === "views") {
        update((was) => ({ ...was, phase: "ready", seen: data }));
      } else if (data.gpu && engine === "auto" && worker.current === made) {
        // What the graphics card cannot do, Wasm can.
        stop();
        left.current = data.message;
        post(start(), wanted.current);
      } else {
        update((was) => ({ ...was, phase: "failed", failure: data }));
      }
    };
    made.onerror = (event) => {
      event.preventDefault();
      const message = event.message || "The demo could not be loaded.";
      update((was) => ({ ...was, phase: "failed", failure: { message, gpu: false } }));
    };
    const chosen = left.current === undefined ? engine : "wasm";
    made.postMessage({
      type: "create",
      id,
      state,
      engine: chosen,
      ...(drawn && { drawn }),
    } satisfies Request);
    return made;
  };

  return {
    ...progress,
    run(steps) {
      if (progress.phase === "failed") stop();
      wanted.current = steps;
      post(worker.current ?? start(), steps);
    },
    pause: () => worker.current?.postMessage({ type: "pause" } satisfies Request),
    reset,
    download(name) {
      fileName.current = name;
      worker.current?.postMessage({ type: "file" } satisfies Request);
    },
  };
}
