import { execFileSync } from "node:child_process";
import { Option, type Command } from "commander";
import { loadArtefacts, reproduce } from "../../claims/node/index.js";
import type { Check, Tier } from "../../claims/index.js";
import { whole, wholeList, withOutput } from "../options.js";
import { createReport } from "../report.js";
import { interruptible } from "../session.js";

interface Options {
  tier: Tier;
  seeds?: number[];
  jobs: number;
  json?: boolean;
}

/** `fluxion reproduce`: measures a paper's claim and judges it. */
export function reproduceCommand(program: Command): void {
  const command = program
    .command("reproduce")
    .description("measure a paper's claim; exits with 1 if a check fails")
    .argument("<id>", "a paper that `fluxion papers` calls done")
    .addOption(
      new Option("--tier <tier>", "quick (seconds) or full (minutes, several seeds, kept in result.json)")
        .choices(["quick", "full"])
        .default("quick"),
    )
    .option("--seeds <n,…>", "other seeds than the claim's own; nothing is kept", wholeList(2 ** 32 - 1, 0))
    .option(
      "--jobs <n>",
      "seeds measured at the same time (default: one a core, and one more)",
      whole(1, 256),
    );
  withOutput(command)
    .addHelpText(
      "after",
      `
Examples:
  $ fluxion reproduce rectified-flow
  $ fluxion reproduce rectified-flow --tier full --json
  $ fluxion reproduce rectified-flow --tier full --seeds 10,11,12`,
    )
    .action(async (id: string, options: Options) => {
      const report = createReport(options.json);
      await loadArtefacts(id);
      const bar = report.bar(`${id}, ${options.tier}`, 100);
      const signal = interruptible();
      const record = { date: new Date().toISOString().slice(0, 10), commit: commitOfSources() };
      const onProgress = (fraction: number, what: string): void =>
        bar.update(Math.round(100 * fraction), what);
      const { tier, seeds: own, jobs } = options;
      const outcome = await reproduce(id, {
        ...{ tier, jobs, signal, onProgress, record },
        ...(own ? { seeds: own } : {}),
      }).finally(() => bar.stop());
      const { passed, checks, reported, seeds, seconds } = outcome;
      const rows = (list: readonly Check[], [yes, no]: readonly [string, string]) =>
        list.map((c) => ({
          check: c.name,
          value: c.value,
          bar: `${c.sense} ${c.bar}`,
          verdict: c.passed ? yes : no,
        }));
      report.table(rows(checks, ["passed", "FAILED"]));
      if (reported.length > 0) {
        report.note("\nreported only, not expected at this size:");
        report.table(rows(reported, ["holds", "does not hold"]));
      }
      report.note(
        `\n${passed ? "reproduced" : "NOT reproduced"}: ${seeds.length} seed${seeds.length === 1 ? "" : "s"}, ${seconds.toFixed(0)} s`,
      );
      report.result({ id, tier: outcome.tier, passed, checks, reported, seeds, seconds });
      if (!passed) process.exitCode = 1;
    });
}

/** The commit of the checkout, "+" if the tree differs from it; "none" outside one. */
function commitOfSources(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? "+" : "");
  } catch {
    return "none";
  }
}
