/** Long asynchronous work that is done a piece at a time. */
export interface Turns {
  /** Lets the work go on to its next pause. @returns "done" when it has ended @throws what the work throws */
  next(): Promise<"running" | "done">;
}

/**
 * Runs `work` only during `next()`: it stops wherever it awaits `pause()`. So a training loop that awaits `pause` in its
 * callbacks becomes the steps of a demo.
 */
export function inTurns(work: (pause: () => Promise<void>) => Promise<void>): Turns {
  let goOn = (): void => undefined;
  let paused = (): void => undefined;
  const pause = (): Promise<void> => {
    paused();
    return new Promise((resolve) => (goOn = resolve));
  };
  let ended: Promise<"done"> | undefined;
  return {
    next() {
      const pausing = new Promise<"running">((resolve) => (paused = () => resolve("running")));
      if (ended) goOn();
      else ended = work(pause).then(() => "done");
      return Promise.race([pausing, ended]);
    },
  };
}
