/** What a worker answered. */
export interface Answer<Reply> {
  /** Which worker, in [0, size). */
  readonly worker: number;
  /** When it arrived: seconds since the round began. */
  readonly at: number;
  readonly reply: Reply;
}

/** One question to all workers; answers are taken one at a time, in the order in which they arrive. */
export interface Round<Reply> {
  /**
   * The next answer.
   * @param deadline seconds since the round began; default: none
   * @returns undefined if none arrives until the deadline, or no worker is left that could answer
   * @throws what a worker's handler threw
   */
  next(deadline?: number): Promise<Answer<Reply> | undefined>;
  /** No more answers are wanted: work that has not begun is not done, answers that still come are dropped. */
  end(): void;
}

/**
 * Workers, each with data of its own, behind one interface: a master sends each its query, takes replies until it has
 * enough, and makes its step. Implementations: `virtualPool` (one thread, a virtual clock), `threadPool` of
 * `fluxion/distributed/node` (threads), `remotePool` over any transport.
 */
export interface WorkerPool<Query, Reply> {
  /** How many workers. */
  readonly size: number;
  /** Sends `queries[i]` to worker i; undefined asks nothing of it. */
  begin(queries: readonly (Query | undefined)[]): Round<Reply>;
  /** Ends the workers. */
  release(): Promise<void>;
}

/** What a worker does with a query. */
export type Handler<Query, Reply> = (query: Query) => Reply | Promise<Reply>;
