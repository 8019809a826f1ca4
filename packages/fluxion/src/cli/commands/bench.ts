import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { FormatError } from "../../core/errors.js";

/** `fluxion bench`: the benchmark of a source checkout; its options are its own. */
export function benchCommand(program: Command): void {
  program
    .command("bench")
    .description("speed against peers (in a source checkout); see bench/README.md")
    .argument("[suite]", "what is measured (default: engine)")
    .argument("[options...]", "go to the suite as they are")
    .allowUnknownOption()
    .action((suite: string | undefined, options: string[]) => {
      const root = new URL("../../../../../", import.meta.url);
      const runner = fileURLToPath(new URL("scripts/run.mjs", root));
      if (!existsSync(runner) || !existsSync(new URL("bench/", root))) {
        throw new FormatError({
          where: "fluxion bench",
          want: "a source checkout of Fluxion",
          got: "an installed package",
        });
      }
      const { status } = spawnSync(process.execPath, [runner, "bench", suite ?? "engine", ...options], {
        stdio: "inherit",
      });
      process.exitCode = status ?? 1;
    });
}
