import { join } from "node:path";
import type { Command } from "commander";
import { checkDevice, setDevice } from "../compile/device.js";
import { availableDevices } from "../compile/evaluate.js";
import { OptionError } from "../core/errors.js";
import { readConfig, type RunConfig } from "./config.js";
import { generate, writeSamples } from "./generate.js";
import type { Report } from "./report.js";
import { loadRun, type RunEnd } from "./run.js";

/** Interrupts closer than this are one: npm passes on what the terminal has sent already. */
const sameInterrupt = 500;

/** Stops long work at Ctrl-C: the first asks for a clean stop with a checkpoint, a second one ends the process. */
export function interruptible(): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  process.on("SIGINT", () => {
    first ??= performance.now();
    controller.abort(new Error("interrupted"));
    if (performance.now() - first > sameInterrupt) process.exit(130);
  });
  return controller.signal;
}

/** Makes --device the device of everything. @throws DeviceError naming what is available */
export async function chooseDevice(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  checkDevice(name, await availableDevices());
  setDevice(name);
}

/**
 * The config that --resume goes on with.
 * @throws OptionError if another command made the run, or options try to change it
 */
export async function resumedConfig(folder: string, command: Command): Promise<RunConfig> {
  const config = await readConfig(folder);
  if (config.command !== command.name()) {
    const hint = `fluxion ${config.command} --resume ${folder}`;
    throw new OptionError({ where: folder, want: `a run of ${command.name()}`, got: config.command, hint });
  }
  const free = ["resume", "device", "json", "checkpointEvery"];
  const given = command.options.filter(
    (o) => !free.includes(o.attributeName()) && command.getOptionValueSource(o.attributeName()) === "cli",
  );
  const got = [...command.args.map((a) => `"${a}"`), ...given.map((o) => o.long ?? o.flags)].join(", ");
  if (got) throw new OptionError({ where: "--resume", want: "the settings of the run itself, alone", got });
  return config;
}

/** Says how a run ended, and draws samples of a finished one; the exit code is 0, 1 (diverged) or 130 (interrupted). */
export async function finishRun(folder: string, end: RunEnd, report: Report): Promise<void> {
  const { status, step, loss, message } = end;
  if (status !== "ok") {
    if (status === "aborted") report.note(`stopped at step ${step}; go on with --resume ${folder}`);
    else report.warn(`error: ${message}`);
    report.result({ folder, status, step, loss, message });
    process.exitCode = status === "aborted" ? 130 : 1;
    return;
  }
  if (end.already) report.note(`${folder} was finished already: ${step} steps`);
  const run = await loadRun(folder);
  const { shape, command, samplerSteps = 1, seed } = run.config;
  const n = shape.length === 3 ? 64 : 2000;
  const steps = command === "distil" ? samplerSteps : 20;
  const { x1 } = await generate(run, { n, steps, seed, report, title: "samples" });
  const samples = await writeSamples(join(folder, "samples"), x1, { columns: 8, title: folder });
  report.note(`loss ${loss?.toFixed(4) ?? "?"}; pictures: ${samples}, ${join(folder, "loss.svg")}`);
  report.result({ folder, status, step, loss, samples });
}
