import { threadsAfterReload } from "./offline/threads.js";
import type { DemoHandle } from "./use-demo.js";

/** How far loading and running are, or what went wrong. */
export function Progress({ handle, retryOnWasm }: { handle: DemoHandle; retryOnWasm: () => void }) {
  const { phase, loaded, seen, failure, left } = handle;
  if (phase === "failed" && failure) {
    return (
      <div role="alert" class="failure">
        <p>The demo stopped: {failure.message}</p>
        <p>
          <button onClick={() => handle.run()}>Try again</button>{" "}
          {failure.gpu ? (
            <button onClick={retryOnWasm}>Use Wasm instead</button>
          ) : (
            <button onClick={() => location.reload()}>Reload the page</button>
          )}
        </p>
      </div>
    );
  }
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return (
    <>
      <p class="quiet" role="status">
        {phase === "idle" &&
          "The engine (about 14 MB, 27 MB for WebGPU) is loaded at the first start and kept."}
        {phase === "loading" && (
          <>
            Loading the engine{" "}
            {loaded && `: ${mega(loaded.bytes)}${loaded.total ? ` of ${mega(loaded.total)}` : ""} MB `}
            {loaded?.total && (
              <progress value={loaded.bytes} max={loaded.total} aria-label="Loading the engine" />
            )}
          </>
        )}
        {phase === "building" && "Compiling …"}
        {phase === "ready" && seen && <Ready handle={handle} seen={seen} />}
      </p>
      {phase === "ready" && left && (
        <details class="quiet">
          <summary>Why not WebGPU</summary>
          <p>{left}</p>
        </details>
      )}
    </>
  );
}

type Seen = NonNullable<DemoHandle["seen"]>;

/** Steps so far, what computes, and how fast. */
function Ready({ handle, seen }: { handle: DemoHandle; seen: Seen }) {
  const { engine, adapter, threads = 1, software, left } = handle;
  const { steps, pace, status, phase } = seen;
  const more = engine === "wasm" && status !== "running" ? threadsAfterReload() : undefined;
  const parts = [
    ...(phase ? [] : [`${steps} ${steps === 1 ? "step" : "steps"}${status === "done" ? ", done" : ""}`]),
    engine === "webgpu"
      ? `WebGPU${adapter ? ` (${adapter})` : ""}`
      : `Wasm, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    ...(pace >= 0.05 && !phase ? [speed(pace)] : []),
    ...(left ? ["WebGPU cannot run this demo"] : software ? ["WebGPU is software here"] : []),
  ];
  return (
    <>
      {parts.join(" · ")}
      {more && (
        <>
          {" · "}
          <button class="inline" onClick={() => location.reload()}>
            reload for {more} threads
          </button>
        </>
      )}
    </>
  );
}

/** Such as "12 ms a step, 83 steps a second". */
function speed(pace: number): string {
  const perSecond = 1000 / pace;
  const often = perSecond >= 1 ? `, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)} steps a second` : "";
  return `${pace.toFixed(pace < 10 ? 1 : 0)} ms a step${often}`;
}
