import type { Command } from "commander";
import { existsSync } from "node:fs";
import { readResult, resultPath } from "../../claims/node/index.js";
import { fields, findPaper, papers, type Field } from "../../papers/index.js";
import { createReport } from "../report.js";

/** `fluxion papers`: the registry, or one paper of it. */
export function papersCommand(program: Command): void {
  program
    .command("papers")
    .description("list the papers, or tell about one")
    .argument("[id]", "a paper of the list")
    .option("--json", "print the result as one JSON document, and nothing else")
    .addHelpText(
      "after",
      `
Examples:
  $ fluxion papers
  $ fluxion papers rectified-flow`,
    )
    .action(async (id: string | undefined, options: { json?: boolean }) => {
      const report = createReport(options.json);
      if (id === undefined) {
        for (const field of Object.keys(fields) as Field[]) {
          const rows = papers.filter((p) => p.field === field);
          report.note(`\n${fields[field]}`);
          report.table(rows.map((p) => ({ id: p.id, name: p.name, year: p.year, state: p.state })));
        }
        report.note("\nfluxion papers <id> tells more; what is done can be measured: fluxion reproduce <id>");
        report.result(papers);
        return;
      }
      const paper = findPaper(id);
      const path = resultPath(id);
      const result = path && existsSync(path) ? await readResult(id) : undefined;
      report.note(
        `${paper.title}\n${paper.authors}, ${paper.year}, arXiv ${paper.arxiv}${paper.venue ? `, ${paper.venue}` : ""}\n`,
      );
      report.note(`${paper.summary}\n\nmodules   ${paper.modules.join(", ")}\nstate     ${paper.state}`);
      if (result) {
        const passed = result.checks.filter((c) => c.passed).length;
        report.note(
          `measured  ${result.date}: ${passed} of ${result.checks.length} checks passed (fluxion reproduce ${id} --tier full)`,
        );
      }
      report.result({ ...paper, ...(result ? { result } : {}) });
    });
}
