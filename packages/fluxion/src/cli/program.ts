import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { CompileError, FluxionError } from "../core/errors.js";
import { attentionCommand } from "./commands/attention.js";
import { benchCommand } from "./commands/bench.js";
import { inspectCommand } from "./commands/inspect.js";
import { papersCommand } from "./commands/papers.js";
import { quickstartCommand } from "./commands/quickstart.js";
import { reproduceCommand } from "./commands/reproduce.js";
import { solveCommand } from "./commands/solve/index.js";
import { straightenCommands } from "./commands/straighten.js";
import { trainCommand } from "./commands/train.js";
import { evalCommand, exportCommand, sampleCommand } from "./commands/use.js";
import { chooseDevice } from "./session.js";

function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const program = new Command("fluxion")
    .description("Differentiable programming and generative flows on ONNX Runtime")
    .version(version)
    .configureOutput({
      // One line: commander puts its suggestions on a second one.
      outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, " ")}\n`),
    })
    .exitOverride()
    .hook("preAction", (_, action) => chooseDevice(action.opts<{ device?: string }>().device))
    .addHelpText(
      "after",
      `
Start with:
  $ fluxion quickstart                      a flow on real images, in about three minutes
  $ fluxion train --data moons              points in the plane, in seconds
  $ fluxion help train                      all options, with examples

Exit codes: 0 done, 1 a check failed or training diverged, 2 wrong usage or input, 130 interrupted.`,
    );
  program.commandsGroup("Make a flow:");
  quickstartCommand(program);
  trainCommand(program);
  straightenCommands(program);
  program.commandsGroup("Use it:");
  sampleCommand(program);
  evalCommand(program);
  exportCommand(program);
  inspectCommand(program);
  program.commandsGroup("Look inside:");
  attentionCommand(program);
  program.commandsGroup("Solve:");
  solveCommand(program);
  program.commandsGroup("Papers and speed:");
  papersCommand(program);
  reproduceCommand(program);
  benchCommand(program);
  program.helpCommand("help [command]", "everything about a command");
  for (const command of program.commands) command.helpOption("-h, --help", "this text");
  return program;
}

/**
 * Runs a command line; says on the standard error output what is wrong with it.
 * @param argv as `process.argv`
 * @returns exit code: 0 done, 1 a check failed or training diverged, 2 wrong usage or input, 130 interrupted
 * @throws what is no mistake of the caller
 */
export async function run(argv: readonly string[]): Promise<number> {
  process.exitCode = undefined;
  try {
    await createProgram().parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Error && error.message === "interrupted") {
      console.error("interrupted");
      return 130;
    }
    if (!(error instanceof FluxionError)) throw error;
    console.error(`error: ${error.message.replace(/\s*\n\s*/g, " ")}`);
    return error instanceof CompileError ? 1 : 2;
  }
}
