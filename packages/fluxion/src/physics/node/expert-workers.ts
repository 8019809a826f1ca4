import { Worker } from "node:worker_threads";
import { checkOptions, FluxionError } from "../../core/errors.js";
import { checkWhole } from "../../optim/options.js";
import { serialExperts, type ExpertAnswer, type ExpertPool, type ExpertTask } from "../expert-task.js";
import type { LawSpec } from "../law.js";

/** What a worker is sent: the laws by their specs. @internal */
export interface TaskMessage {
  readonly id: number;
  readonly task: Omit<ExpertTask, "blocks"> & {
    readonly blocks: readonly (Omit<ExpertTask["blocks"][number], "law"> & { readonly law: LawSpec })[];
  };
}

type Reply = { id: number; answer?: ExpertAnswer; error?: string };

/** Threads that solve experts. */
export interface ExpertWorkers extends ExpertPool {
  /** Ends the threads. */
  readonly release: () => Promise<void>;
}

/**
 * Solves the experts of `hardConstraint` in worker threads of Node: give it as `pool`. The answers are those of one
 * thread, bit for bit; it pays where an expert's solve takes longer than copying its rows. Tasks with a law of one's own
 * are solved in the calling thread.
 * @param options `threads`: whole number ≥ 1, default 2
 * @throws OptionError
 */
export function expertWorkers(options: { threads?: number } = {}): ExpertWorkers {
  const where = "physics.expertWorkers";
  checkOptions(where, options, ["threads"]);
  const { threads = 2 } = options;
  checkWhole(where, "threads", threads, 1);
  const waiting = new Map<
    number,
    { resolve: (answer: ExpertAnswer) => void; reject: (error: Error) => void }
  >();
  let failure: Error | undefined;
  const failAll = (error: Error): void => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = startWorker();
    worker.on("message", ({ id, answer, error }: Reply) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (answer) call?.resolve(answer);
      else call?.reject(new FluxionError({ where, want: "an answer", got: error ?? "none" }));
    });
    worker.on("error", failAll);
    // After the listeners, which hold the process, too: threads that wait are no reason to stay.
    worker.unref();
    return worker;
  });
  let next = 0;
  return {
    solve: (tasks) =>
      Promise.all(
        tasks.map(async (task) => {
          const specs = task.blocks.map(({ law }) => law.spec);
          if (specs.some((spec) => spec === undefined)) return (await serialExperts.solve([task]))[0]!;
          if (failure) throw failure;
          const id = next++;
          const blocks = task.blocks.map((block, i) => ({ ...block, law: specs[i]! }));
          return new Promise<ExpertAnswer>((resolve, reject) => {
            waiting.set(id, { resolve, reject });
            workers[id % threads]!.postMessage({ id, task: { ...task, blocks } } satisfies TaskMessage);
          });
        }),
      ),
    async release() {
      await Promise.all(workers.map((worker) => worker.terminate()));
      failAll(new FluxionError({ where, want: "workers that run", got: "released ones" }));
    },
  };
}

/** The compiled thread; from sources, where there is only TypeScript, by way of a loader. */
function startWorker(): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./expert-worker.js", import.meta.url));
  const entry = JSON.stringify(new URL("./expert-worker.ts", import.meta.url).href);
  const code = `import("tsx/esm/api").then(({ register }) => (register(), import(${entry})))`;
  return new Worker(code, { eval: true, execArgv: ["--conditions", "fluxion-source"] });
}
