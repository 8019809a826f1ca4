import type { Command } from "commander";
import { boostCommand } from "./boost.js";
import { completeCommand } from "./complete.js";
import { convexFitCommand } from "./convex-fit.js";
import { poissonCommand } from "./poisson.js";

/** `fluxion solve`: solvers on files of one's own. */
export function solveCommand(program: Command): void {
  const solve = program.command("solve").description("solvers and learning algorithms on your own files");
  boostCommand(solve);
  completeCommand(solve);
  convexFitCommand(solve);
  poissonCommand(solve);
  solve.addHelpText(
    "after",
    "\nExamples:\n  $ fluxion solve boost table.csv --target price\n  $ fluxion solve complete ratings.csv --rank 1,2,5,10\n  $ fluxion solve convex-fit table.csv\n  $ fluxion solve poisson f.npy --out u.npy",
  );
  for (const command of solve.commands) command.helpOption("-h, --help", "this text");
}
