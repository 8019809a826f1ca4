// Runs one demo: the page draws what is posted here and is never blocked.
import type { Demo, DemoRun } from "fluxion/demo";
import { loadEngine } from "./engine.js";
import type { Engine, Reply, Request } from "./protocol.js";
import type { StraightenRun } from "./straighten/run.js";

type Source = () => Promise<{ demo: Pick<Demo, "create"> }>;
const demos: Readonly<Record<string, Source>> = import.meta.glob("../../../papers/*/demo.ts");
/** The demo `id` of a paper, or the playground. */
const sourceOf = (id: string): Source | undefined =>
  id === "straighten" ? () => import("./straighten/run.js") : demos[`../../../papers/${id}/demo.ts`];
/** Milliseconds between two pictures, at least. */
const rhythm = 150;
/** Pictures that are dear to compute come less often: between two of them there is this many times as long for work. */
const share = 4;

const post = (reply: Reply): void => postMessage(reply);
let run: (DemoRun & Partial<StraightenRun>) | undefined;
let engine: Engine | undefined;
let [steps, pace, target] = [0, 0, 0];
let status: "running" | "paused" | "done" = "paused";
let looping = false;
/** Milliseconds that the last picture took. */
let cost = 0;

let noteLoss: (message: string) => void;
const lost = new Promise<string>((resolve) => (noteLoss = resolve));
let failed = false;

/** Ends the run and says why, once. */
async function fail(error: unknown): Promise<void> {
  if (failed) return;
  failed = true;
  target = 0;
  run = undefined;
  // What fails because the graphics device went away may be heard of before the loss itself.
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, 500));
  const loss = engine === "webgpu" ? await Promise.race([lost, patience]) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (loss !== undefined)
    post({ type: "failed", message: `The graphics device was lost: ${loss}`, gpu: "lost" });
  else post({ type: "failed", message, ...(engine === "webgpu" && { gpu: "refused" }) });
}
lost.then(fail, fail);

async function create({ id, state, engine: wanted }: Extract<Request, { type: "create" }>): Promise<void> {
  const load = sourceOf(id);
  if (!load) throw new Error(`there is no demo "${id}"`);
  // Wanted is what is at fault if it cannot be loaded.
  if (wanted !== "auto") engine = wanted;
  let last = 0;
  const [{ demo }, loaded] = await Promise.all([
    load(),
    loadEngine(
      wanted,
      (loaded, total) => {
        if (loaded !== total && performance.now() - last < 60) return;
        last = performance.now();
        post({ type: "loading", loaded, total });
      },
      noteLoss,
    ),
  ]);
  engine = loaded.engine;
  post({ type: "ready", ...loaded });
  run = await demo.create(state);
  await show();
}

async function show(): Promise<void> {
  if (!run) return;
  const start = performance.now();
  const phase = run.phase?.();
  post({ type: "views", views: await run.views(), steps, pace, status, ...(phase && { phase }) });
  cost = performance.now() - start;
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
      else if (performance.now() - shown > Math.max(rhythm, share * cost)) {
        await show();
        shown = performance.now();
      } else if (run.phase) post({ type: "phase", phase: run.phase(), steps, pace });
      // Lets messages in.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (status !== "done") status = "paused";
    await show();
  } catch (error) {
    await fail(error);
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
    run?.file?.().then((bytes) => post({ type: "file", bytes }), fail);
  } else {
    const { steps: more = Infinity } = data;
    if (status !== "done") status = "running";
    void creating?.then(() => {
      target = steps + more;
      return loop();
    });
  }
};
