import { join } from "node:path";
import { checkDevice, setDevice, type Device } from "../compile/device.js";
import { availableDevices } from "../compile/evaluate.js";
import type { TrainResult } from "../train/train.js";
import { generate, writeSamples } from "./generate.js";
import type { CommonOptions } from "./options.js";
import type { Report } from "./report.js";
import { loadRun } from "./run.js";

/** Stops long work at Ctrl-C: the first asks for a clean stop with a checkpoint, a second one ends the process. */
export function interruptible(options: CommonOptions): { signal: AbortSignal; device?: Device | undefined } {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    process.once("SIGINT", () => process.exit(130));
    controller.abort(new Error("interrupted"));
  });
  return { signal: controller.signal, device: options.device as Device | undefined };
}

/** Makes --device the device of everything. @throws DeviceError naming what is available */
export async function chooseDevice(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  checkDevice(name, await availableDevices());
  setDevice(name);
}

/** Says how a run ended; leaves sample pictures of a finished one. */
export async function finishRun(
  folder: string,
  result: TrainResult<unknown>,
  report: Report,
  seed: number,
): Promise<void> {
  if (result.status === "aborted") {
    report.note(`stopped at step ${result.step}; go on with --resume ${folder}`);
    report.result({ folder, status: result.status, step: result.step });
    process.exitCode = 130;
    return;
  }
  const run = await loadRun(folder);
  const images = run.config.shape.length === 3;
  const steps = run.config.command === "distil" ? (run.config.samplerSteps ?? 1) : 20;
  const pairs = await generate(run, { n: images ? 64 : 2000, steps, seed, report, title: "samples" });
  const picture = await writeSamples(join(folder, "samples"), pairs.x1, { columns: 8, title: folder });
  const loss = result.history.at(-1)?.loss;
  report.note(
    `done: loss ${loss?.toFixed(4) ?? "?"}, pictures in ${picture} and ${join(folder, "loss.svg")}`,
  );
  report.result({ folder, status: result.status, step: result.step, loss, samples: picture });
}
