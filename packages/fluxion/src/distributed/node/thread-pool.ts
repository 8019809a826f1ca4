import { Worker } from "node:worker_threads";
import { checkOptions } from "../../core/errors.js";
import { checkWhole } from "../../optim/options.js";
import { type FromWorker, remotePool } from "../remote-pool.js";
import type { WorkerPool } from "../worker-pool.js";

/** Options of `threadPool`. */
export interface ThreadPoolOptions {
  /** How many threads, whole number ≥ 1. */
  size: number;
  /** Address of a module that exports `worker(index, data)`, which returns (or promises) the thread's handler. */
  module: URL | string;
  /** What every `worker` is given, copied. */
  data?: unknown;
}

/** What a thread starts with. @internal */
export interface ThreadStart {
  readonly module: string;
  readonly worker: number;
  readonly data: unknown;
}

/**
 * Workers in threads of Node, by the real clock. A thread that ends or breaks down counts as one that never answers.
 * @throws OptionError
 */
export function threadPool<Query, Reply>(options: ThreadPoolOptions): WorkerPool<Query, Reply> {
  const where = "distributed.threadPool";
  checkOptions(where, options, ["size", "module", "data"]);
  const { size, module, data } = options;
  checkWhole(where, "size", size, 1);
  const threads = Array.from({ length: size }, (_, worker) =>
    startThread({ module: String(module), worker, data }),
  );
  return remotePool<Query, Reply>({
    size,
    send: (worker, message) => threads[worker]!.postMessage(message),
    listen(receive, lost) {
      threads.forEach((thread, worker) => {
        thread.on("message", (message: FromWorker<Reply>) => receive(worker, message));
        thread.on("error", () => lost(worker));
        thread.on("exit", () => lost(worker));
      });
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  });
}

/** The compiled thread; from sources, where there is only TypeScript, by way of a loader. */
function startThread(workerData: ThreadStart): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./pool-thread.js", import.meta.url), { workerData });
  const entry = JSON.stringify(new URL("./pool-thread.ts", import.meta.url).href);
  const code = `import("tsx/esm/api").then(({ register }) => (register(), import(${entry})))`;
  return new Worker(code, { eval: true, execArgv: ["--conditions", "fluxion-source"], workerData });
}
