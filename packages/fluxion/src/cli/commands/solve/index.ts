import type { Command } from "commander";
import { convexFitCommand } from "./convex-fit.js";

/** `fluxion solve`: solvers on files of one's own. */
export function solveCommand(program: Command): void {
  const solve = program.command("solve").description("solvers and learning algorithms on your own files");
  convexFitCommand(solve);
  solve.addHelpText("after", "\nExamples:\n  $ fluxion solve convex-fit table.csv");
  for (const command of solve.commands) command.helpOption("-h, --help", "this text");
}
