import { checkOptions, OptionError } from "../core/errors.js";
import { checkWhole } from "../optim/options.js";
import { decodeMessage, encodeMessage } from "./message-codec.js";
import { type FromWorker, remotePool, serveQueries, type ToWorker } from "./remote-pool.js";
import type { Handler, WorkerPool } from "./worker-pool.js";

/** What is needed of a NATS connection: `connect` of `@nats-io/transport-node`, `wsconnect` of `@nats-io/nats-core`. */
export interface NatsConnection {
  publish(subject: string, payload: Uint8Array): void;
  subscribe(subject: string): AsyncIterable<{ readonly data: Uint8Array }> & { unsubscribe(): void };
}

/** Where master and workers meet. */
export interface NatsOptions {
  /** A connection, which stays the caller's. */
  connection: NatsConnection;
  /** Name of the run: letters, digits, - and _. Master and workers use subjects below `fluxion.<run>`. */
  run: string;
}

function subjects(where: string, run: string): { to: (worker: number) => string; back: string } {
  if (!/^[\w-]+$/.test(run))
    throw new OptionError({ where, want: "run of letters, digits, - and _", got: JSON.stringify(run) });
  return { to: (worker) => `fluxion.${run}.w.${worker}`, back: `fluxion.${run}.r` };
}

/** Passes on what comes; what cannot be read counts as lost, like what never came. */
function listenTo<Message>(
  subscription: ReturnType<NatsConnection["subscribe"]>,
  receive: (message: Message) => void,
): void {
  void (async () => {
    for await (const { data } of subscription) {
      let message: unknown;
      try {
        message = decodeMessage(data);
      } catch {
        continue;
      }
      if (typeof message === "object" && message !== null) receive(message as Message);
    }
  })();
}

type Back<Reply> = FromWorker<Reply> & { readonly worker: number };

/**
 * Workers on other machines, over NATS: a subject for every worker, one for the replies. Delivery at most once is
 * enough: a lost message makes a straggler. Messages are limited by the server's `max_payload` (1 MB unless set, 64 MB
 * at most). Start the workers first: a query that nobody hears is lost.
 * @param options `size`: how many workers
 * @throws OptionError
 */
export function natsPool<Query, Reply>(options: NatsOptions & { size: number }): WorkerPool<Query, Reply> {
  const where = "distributed.natsPool";
  checkOptions(where, options, ["connection", "run", "size"]);
  const { connection, run, size } = options;
  checkWhole(where, "size", size, 1);
  const { to, back } = subjects(where, run);
  const replies = connection.subscribe(back);
  return remotePool<Query, Reply>({
    size,
    send: (worker, message) => connection.publish(to(worker), encodeMessage(message)),
    listen: (receive) =>
      listenTo<Back<Reply>>(replies, (message) => {
        if (message.worker < size) receive(message.worker, message);
      }),
    close: () => Promise.resolve(replies.unsubscribe()),
  });
}

/**
 * The worker's side of `natsPool`.
 * @param options `worker`: which one, in [0, size)
 * @returns stops serving
 * @throws OptionError
 */
export function serveNats<Query, Reply>(
  options: NatsOptions & { worker: number; handler: Handler<Query, Reply> },
): () => void {
  const where = "distributed.serveNats";
  checkOptions(where, options, ["connection", "run", "worker", "handler"]);
  const { connection, run, worker, handler } = options;
  checkWhole(where, "worker", worker, 0);
  const { to, back } = subjects(where, run);
  const queries = connection.subscribe(to(worker));
  serveQueries<Query, Reply>(
    {
      send: (message) => connection.publish(back, encodeMessage({ ...message, worker })),
      listen: (receive) => listenTo<ToWorker<Query>>(queries, receive),
    },
    handler,
  );
  return () => queries.unsubscribe();
}
