// A thread of `threadPool`: loads the user's module and answers queries with the handler it makes.
import { parentPort, workerData } from "node:worker_threads";
import { serveQueries, type ToWorker } from "../remote-pool.js";
import type { Handler } from "../worker-pool.js";
import type { ThreadStart } from "./thread-pool.js";

type Make = (worker: number, data: unknown) => Handler<unknown, unknown> | Promise<Handler<unknown, unknown>>;

const { module, worker, data } = workerData as ThreadStart;
// Made at the first query, so that an error in it reaches the master as the answer; messages wait meanwhile.
const made = import(module).then(({ worker: make }: { worker?: Make }) => {
  if (!make) throw new Error(`${module} does not export worker(index, data)`);
  return make(worker, data);
});
made.catch(() => undefined);
serveQueries(
  {
    send: (message) => parentPort!.postMessage(message),
    listen: (receive) => parentPort!.on("message", (message: ToWorker<unknown>) => receive(message)),
  },
  async (query: unknown) => (await made)(query),
);
