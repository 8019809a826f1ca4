import { useEffect, useRef } from "preact/hooks";

/** A page's worker: at most one is alive, and it ends with the page. */
export interface WorkerHandle<Request> {
  /** Ends the worker, starts a new one and tells it this first. */
  readonly open: (request: Request) => void;
  /** Nothing happens without a worker. */
  readonly ask: (request: Request) => void;
  readonly alive: () => boolean;
  readonly stop: () => void;
}

/**
 * What a page does with a worker.
 * @param make starts one
 * @param onReply hears what the present worker says, and no longer what an ended one said
 * @param onFailed hears why a worker could not be loaded, or what it did not catch
 */
export function useWorker<Request, Reply>(
  make: () => Worker,
  onReply: (reply: Reply) => void,
  onFailed: (message: string) => void,
): WorkerHandle<Request> {
  const worker = useRef<Worker>();
  const listeners = useRef({ onReply, onFailed });
  listeners.current = { onReply, onFailed };
  const stop = (): void => {
    worker.current?.terminate();
    worker.current = undefined;
  };
  useEffect(() => stop, []);
  return {
    open(request) {
      stop();
      const made = make();
      worker.current = made;
      made.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (worker.current === made) listeners.current.onReply(data);
      };
      made.onerror = (event) => {
        event.preventDefault();
        if (worker.current === made) listeners.current.onFailed(event.message);
      };
      made.postMessage(request);
    },
    ask: (request) => worker.current?.postMessage(request),
    alive: () => worker.current !== undefined,
    stop,
  };
}
