import { checkOptions, FluxionError } from "../core/errors.js";
import { checkWhole } from "../optim/options.js";
import type { Handler, Round, WorkerPool } from "./worker-pool.js";

/** Options of `virtualPool`. */
export interface VirtualPoolOptions<Query, Reply> {
  /** How many workers, whole number ≥ 1. */
  size: number;
  /** What worker i does; called once for every worker. */
  handler: (worker: number) => Handler<Query, Reply>;
  /**
   * When the worker's answer arrives: seconds since the round began; Infinity: never. Default 0.
   * @param round questions asked before
   */
  delay?: (worker: number, round: number) => number;
}

/**
 * Workers in the calling thread, on a virtual clock: nobody sleeps, a round of an hour takes as long as its
 * computations, and the same delays give the same run. An answer is computed when it is taken, so what a straggler would
 * have computed in vain costs nothing.
 * @throws OptionError
 */
export function virtualPool<Query, Reply>(
  options: VirtualPoolOptions<Query, Reply>,
): WorkerPool<Query, Reply> {
  const where = "distributed.virtualPool";
  checkOptions(where, options, ["size", "handler", "delay"]);
  const { size, handler, delay = () => 0 } = options;
  checkWhole(where, "size", size, 1);
  const handlers = Array.from({ length: size }, (_, i) => handler(i));
  let rounds = 0;
  return {
    size,
    begin(queries): Round<Reply> {
      checkQueries(where, size, queries);
      const round = rounds++;
      const arrivals = queries
        .flatMap((query, worker) =>
          query === undefined ? [] : [{ worker, query, at: delay(worker, round) }],
        )
        .filter(({ at }) => at < Infinity)
        .sort((a, b) => a.at - b.at || a.worker - b.worker);
      return {
        async next(deadline = Infinity) {
          const first = arrivals[0];
          if (first === undefined || first.at > deadline) return undefined;
          arrivals.shift();
          const { worker, at, query } = first;
          return { worker, at, reply: await handlers[worker]!(query) };
        },
        end: () => void arrivals.splice(0),
      };
    },
    release: () => Promise.resolve(),
  };
}

/** @internal */
export function checkQueries(where: string, size: number, queries: readonly unknown[]): void {
  if (queries.length !== size)
    throw new FluxionError({ where, want: `${size} queries, one a worker`, got: String(queries.length) });
}
