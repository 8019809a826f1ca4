#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { FluxionError } from "../core/errors.js";
import { quickstartCommand } from "./commands/quickstart.js";
import { straightenCommands } from "./commands/straighten.js";
import { trainCommand } from "./commands/train.js";
import { evalCommand, exportCommand, sampleCommand } from "./commands/use.js";
import { papersCommand } from "./commands/papers.js";
import { reproduceCommand } from "./commands/reproduce.js";
import { benchCommand } from "./commands/bench.js";
import { chooseDevice } from "./session.js";

/** Exit codes: 0 done, 1 a check failed or something broke, 2 wrong usage or input, 130 interrupted. */
async function main(argv: readonly string[]): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const program = new Command("fluxion")
    .description("Differentiable programming and generative flows on ONNX Runtime")
    .version(version)
    .showHelpAfterError("(--help tells more)")
    .exitOverride()
    .hook("preAction", (_, action) => chooseDevice(action.opts<{ device?: string }>().device));
  quickstartCommand(program);
  trainCommand(program);
  straightenCommands(program);
  sampleCommand(program);
  evalCommand(program);
  exportCommand(program);
  papersCommand(program);
  reproduceCommand(program);
  benchCommand(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof FluxionError) {
      console.error(`error: ${error.message}`);
      process.exitCode = 2;
    } else if (error instanceof Error && error.message === "interrupted") {
      process.exitCode = 130;
    } else throw error;
  }
}

await main(process.argv);
