import { FluxionError } from "../core/errors.js";
import { checkQueries } from "./virtual-pool.js";
import type { Answer, Handler, Round, WorkerPool } from "./worker-pool.js";

/** What a master sends. */
export type ToWorker<Query> =
  | { readonly kind: "query"; readonly round: number; readonly query: Query }
  | { readonly kind: "end"; readonly round: number };

/** What a worker sends. */
export type FromWorker<Reply> =
  | { readonly kind: "reply"; readonly round: number; readonly reply: Reply }
  | { readonly kind: "error"; readonly round: number; readonly error: string };

/** How messages get to workers and back. Losing some is allowed: a lost one makes a straggler. */
export interface Transport<Query, Reply> {
  /** How many workers. */
  readonly size: number;
  send(worker: number, message: ToWorker<Query>): void;
  /** Called once; `lost` when a worker is gone for good. */
  listen(receive: (worker: number, message: FromWorker<Reply>) => void, lost: (worker: number) => void): void;
  close(): Promise<void>;
}

/**
 * Workers behind a transport, by the real clock: threads, Web Workers, a message bus. Answers of rounds that are over are
 * dropped; a worker that is lost counts as one that never answers.
 */
export function remotePool<Query, Reply>(transport: Transport<Query, Reply>): WorkerPool<Query, Reply> {
  const where = "distributed.remotePool";
  const { size } = transport;
  const alive = new Set(Array.from({ length: size }, (_, i) => i));
  let rounds = 0;
  let current: OpenRound<Reply> | undefined;
  transport.listen(
    (worker, message) => {
      if (message.round !== current?.number) return;
      if (message.kind === "reply") current.arrive(worker, message.reply);
      else current.fail(new FluxionError({ where: `${where}: worker ${worker}`, got: message.error }));
    },
    (worker) => {
      alive.delete(worker);
      current?.lose(worker);
    },
  );
  return {
    size,
    begin(queries): Round<Reply> {
      checkQueries(where, size, queries);
      const number = rounds++;
      const asked = [...queries.keys()].filter((i) => queries[i] !== undefined && alive.has(i));
      const round = openRound<Reply>(number, asked);
      current = round;
      for (const worker of asked)
        transport.send(worker, { kind: "query", round: number, query: queries[worker]! });
      return {
        next: (deadline) => round.next(deadline),
        end() {
          if (current !== round) return;
          current = undefined;
          for (const worker of round.outstanding()) transport.send(worker, { kind: "end", round: number });
        },
      };
    },
    release: () => transport.close(),
  };
}

interface OpenRound<Reply> {
  readonly number: number;
  arrive(worker: number, reply: Reply): void;
  fail(error: Error): void;
  lose(worker: number): void;
  next(deadline?: number): Promise<Answer<Reply> | undefined>;
  outstanding(): readonly number[];
}

function openRound<Reply>(number: number, asked: readonly number[]): OpenRound<Reply> {
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const waiting = new Set(asked);
  const answers: Answer<Reply>[] = [];
  let failure: Error | undefined;
  let wake = (): void => undefined;
  return {
    number,
    arrive(worker, reply) {
      if (waiting.delete(worker)) answers.push({ worker, at: elapsed(), reply });
      wake();
    },
    fail(error) {
      failure ??= error;
      wake();
    },
    lose(worker) {
      waiting.delete(worker);
      wake();
    },
    async next(deadline = Infinity) {
      for (;;) {
        if (failure) throw failure;
        // What arrived while the master was busy counts by when it arrived.
        if (answers.length > 0) return answers[0]!.at <= deadline ? answers.shift() : undefined;
        const left = deadline - elapsed();
        if (waiting.size === 0 || left <= 0) return undefined;
        await new Promise<void>((resolve) => {
          // A timer cannot be longer than 2^31 ms; the loop sets another one.
          const timer = left < Infinity ? setTimeout(resolve, Math.min(left * 1000, 1e9)) : undefined;
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    outstanding: () => [...waiting],
  };
}

/** The worker's end of a connection. */
export interface WorkerPort<Query, Reply> {
  send(message: FromWorker<Reply>): void;
  listen(receive: (message: ToWorker<Query>) => void): void;
}

/**
 * Answers queries one after the other with `handler`: the worker's side of `remotePool`. A query whose round ends before
 * its turn comes is passed over.
 */
export function serveQueries<Query, Reply>(
  port: WorkerPort<Query, Reply>,
  handler: Handler<Query, Reply>,
): void {
  let over = -1;
  let work = Promise.resolve();
  port.listen((message) => {
    if (message.kind === "end") {
      over = Math.max(over, message.round);
      return;
    }
    const { round, query } = message;
    work = work.then(async () => {
      if (round <= over) return;
      try {
        port.send({ kind: "reply", round, reply: await handler(query) });
      } catch (error) {
        port.send({ kind: "error", round, error: error instanceof Error ? error.message : String(error) });
      }
    });
  });
}
