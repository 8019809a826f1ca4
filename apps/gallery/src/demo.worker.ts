// Runs one demo: the page draws what is posted here and is never blocked.
import type { Demo, DemoRun } from "fluxion/demo";
import type { FileRun } from "./straighten.js";
import { loadEngine } from "./engine.js";
import type { Engine, Reply, Request } from "./protocol.js";

const demos = import.meta.glob<{ demo: Demo }>("../../../papers/*/demo.ts");
/** Milliseconds between two pictures. */
const rhythm = 150;

const post = (reply: Reply): void => postMessage(reply);
let run: DemoRun | undefined;
let engine: Engine | undefined;
let [steps, pace, target] = [0, 0, 0];
let status: "running" | "paused" | "done" = "paused";
let looping = false;

const fail = (error: unknown): void => {
  target = 0;
  run = undefined;
  post({
    type: "failed",
    message: error instanceof Error ? error.message : String(error),
    gpu: engine === "webgpu",
  });
};

async function create({
  id,
  state,
  engine: wanted,
  drawn,
}: Extract<Request, { type: "create" }>): Promise<void> {
  const load = id === "straighten" ? undefined : demos[`../../../papers/${id}/demo.ts`];
  if (!load && !drawn) throw new Error(`there is no demo "${id}"`);
  let last = 0;
  const [make, loaded] = await Promise.all([
    drawn
      ? import("./straighten.js").then((m) => () => m.straighten(drawn, Number(state["steps"])))
      : load!().then(
          ({ demo }) =>
            () =>
              demo.create(state),
        ),
    loadEngine(
      wanted,
      (loaded, total) => {
        if (loaded !== total && performance.now() - last < 60) return;
        last = performance.now();
        post({ type: "loading", loaded, total });
      },
      (message) => fail(new Error(`The graphics device was lost: ${message}`)),
    ),
  ]);
  engine = loaded.engine;
  post({ type: "ready", ...loaded });
  run = await make();
  await show();
}

async function show(): Promise<void> {
  if (run) post({ type: "views", views: await run.views(), steps, pace, status });
}

async function loop(): Promise<void> {
  if (looping) return;
  looping = true;
  let shown = performance.now();
  try {
    while (run && steps < target && status !== "done") {
      status = "running";
      const start = performance.now();
      const ended = (await run.step()) === "done";
      const took = performance.now() - start;
      steps++;
      // The first step compiles.
      pace = steps <= 2 ? took : 0.9 * pace + 0.1 * took;
      if (ended) status = "done";
      else if (performance.now() - shown > rhythm) {
        await show();
        shown = performance.now();
      }
      // Lets messages in.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (status !== "done") status = "paused";
    await show();
  } catch (error) {
    fail(error);
  } finally {
    looping = false;
  }
}

let creating: Promise<void> | undefined;
self.onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.type === "create") {
    creating = create(data).catch(fail);
  } else if (data.type === "pause") {
    target = 0;
  } else if (data.type === "file") {
    if (run && "file" in run) {
      (run as FileRun).file().then((bytes) => post({ type: "file", bytes }), fail);
    }
  } else {
    const { steps: more = Infinity } = data;
    if (status !== "done") status = "running";
    void creating?.then(() => {
      target = steps + more;
      return loop();
    });
  }
};
