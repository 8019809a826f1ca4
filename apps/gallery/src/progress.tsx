import type { DemoHandle } from "./use-demo.js";

/** How far loading and running are, or what went wrong. */
export function Progress({ handle, retryOnWasm }: { handle: DemoHandle; retryOnWasm: () => void }) {
  const { phase, loaded, engine, adapter, seen, failure, left } = handle;
  if (phase === "failed" && failure) {
    return (
      <div role="alert" class="failure">
        <p>The demo stopped: {failure.message}</p>
        <p>
          <button onClick={() => handle.run()}>Try again</button>{" "}
          {failure.gpu && <button onClick={retryOnWasm}>Use Wasm instead</button>}
        </p>
      </div>
    );
  }
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return (
    <p class="quiet" role="status">
      {phase === "idle" && "The engine (about 14 MB) is loaded at the first start and kept."}
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
      {phase === "ready" &&
        seen &&
        `${seen.phase ? "" : `${seen.steps} steps${seen.status === "done" ? ", done" : ""} · `}${
          engine === "webgpu" ? `WebGPU${adapter ? ` (${adapter})` : ""}` : "Wasm"
        }${seen.steps > 0 && !seen.phase ? ` · ${seen.pace.toFixed(seen.pace < 10 ? 1 : 0)} ms a step` : ""}${left ? " · WebGPU cannot run this demo" : ""}`}
    </p>
  );
}
