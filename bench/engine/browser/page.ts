// Runs in the browser: the same training steps on ONNX Runtime's Wasm build.
import { cases, type CaseName } from "../cases.js";
import { contestant, race, type Outcome } from "../../timing.js";
import { runner, training } from "../training.js";

/** What the page offers to the driver. */
export interface BenchPage {
  /** Times a case's training step with this many threads. */
  run(name: CaseName, reps: number, threads: number): Promise<Outcome>;
}

const page: BenchPage = {
  async run(name, reps, threads) {
    if (!crossOriginIsolated) throw new Error("the page is not cross-origin isolated: no threads");
    const trained = await training(cases[name], { device: "wasm", threads });
    const outcome = await race([contestant(name, runner(trained))], reps);
    await trained.step.release();
    return outcome[name]!;
  },
};
Object.assign(globalThis, { bench: page });
document.title = "ready";
