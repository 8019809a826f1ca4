// A worker thread that solves experts' tasks; started by `expertWorkers`.
import { parentPort } from "node:worker_threads";
import { solveExpert } from "../expert-task.js";
import { lawOf } from "../laws.js";
import type { TaskMessage } from "./expert-workers.js";

parentPort!.on("message", ({ id, task }: TaskMessage) => {
  const blocks = task.blocks.map((block) => ({ ...block, law: lawOf(block.law) }));
  solveExpert({ ...task, blocks }).then(
    (answer) => parentPort!.postMessage({ id, answer }),
    (error: unknown) => parentPort!.postMessage({ id, error: String(error) }),
  );
});
