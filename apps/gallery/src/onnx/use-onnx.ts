import { useState } from "preact/hooks";
import type { Engine } from "../protocol.js";
import { saveFile } from "../save-file.js";
import { useWorker } from "../use-worker.js";
import type { OnnxReply, OnnxRequest, Predictions } from "./protocol.js";

type Reply<Type extends OnnxReply["type"]> = Extract<OnnxReply, { type: Type }>;

/** What is known of an open model. */
export interface OnnxState {
  /** Of the file, without ".onnx"; undefined before one is chosen. */
  readonly name?: string;
  /** What is being done. */
  readonly busy?: string | undefined;
  readonly loaded?: Reply<"loading"> | undefined;
  readonly engine?: Engine;
  readonly threads?: number;
  readonly opened?: Reply<"opened">;
  readonly arranged?: Reply<"arranged"> | undefined;
  readonly predictions?: Predictions | undefined;
  readonly gradients?: Reply<"gradients"> | undefined;
  readonly losses: readonly (readonly [number, number])[];
  readonly tuning: boolean;
  readonly problem?: string | undefined;
}

/** An open model with what can be asked of it. */
export interface OnnxHandle extends OnnxState {
  readonly open: (
    name: string,
    model: Extract<OnnxRequest, { type: "open" }>["model"],
    engine: Engine | "auto",
  ) => void;
  readonly ask: (request: Exclude<OnnxRequest, { type: "open" | "stop" }>) => void;
  readonly stop: () => void;
  readonly fail: (problem: string) => void;
}

const deeds: Readonly<Record<Exclude<OnnxRequest["type"], "stop">, string>> = {
  open: "Reading the file",
  arrange: "Counting operations",
  images: "Predicting",
  differentiate: "Differentiating",
  tune: "Tuning",
  save: "Writing the file",
};
const nothing: OnnxState = { losses: [], tuning: false };

/** A model in a worker of its own. */
export function useOnnx(): OnnxHandle {
  const [state, setState] = useState<OnnxState & { waiting: readonly string[] }>({ ...nothing, waiting: [] });
  const worker = useWorker<OnnxRequest, OnnxReply>(
    () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
    (reply) => setState((was) => ({ ...was, ...changeBy(reply, was) })),
    (message) =>
      setState((was) => ({ ...was, waiting: [], problem: message || "The engine could not be loaded." })),
  );
  const { waiting, ...shown } = state;
  return {
    ...shown,
    busy: waiting[0],
    open(name, model, engine) {
      setState({ ...nothing, name, waiting: [deeds.open] });
      worker.open({ type: "open", model, engine });
    },
    ask(request) {
      setState((was) => ({
        ...was,
        problem: undefined,
        waiting: [...was.waiting, deeds[request.type]],
        ...(request.type === "tune" && { tuning: true }),
      }));
      worker.ask(request);
    },
    stop: () => worker.ask({ type: "stop" }),
    fail: (problem) => setState((was) => ({ ...was, problem })),
  };

  function changeBy(reply: OnnxReply, was: typeof state): Partial<typeof state> {
    switch (reply.type) {
      case "loading":
        return { loaded: reply };
      case "ready":
        return { loaded: undefined, engine: reply.engine, threads: reply.threads };
      case "opened":
        return { opened: reply };
      case "arranged":
        return { arranged: reply, predictions: undefined, gradients: undefined };
      case "predictions":
        return { predictions: reply };
      case "gradients":
        return { gradients: reply };
      case "record":
        return { losses: [...was.losses, [was.losses.length + 1, reply.loss]] };
      case "tuned":
        return { tuning: false, gradients: undefined };
      case "file":
        saveFile(reply.bytes, `${was.name}-tuned.onnx`);
        return {};
      case "failed":
        return { problem: withHint(reply.message, was.engine), tuning: false, loaded: undefined };
      case "done":
        return { waiting: was.waiting.slice(1) };
    }
  }
}

/** What a graphics card cannot do, Wasm can. */
const withHint = (message: string, engine: Engine | undefined): string =>
  engine === "webgpu" ? `${message} (It may work with Wasm: see "Runs on".)` : message;
