import { linePlot } from "../../packages/fluxion/src/cli/plots.js";
import { machine } from "../machine.js";
import { names, optionsOf, positive, saveResult, type Suite } from "../suite.js";
import { sectionReport } from "./report.js";
import { measureScaling, type SeriesResult } from "./scaling.js";
import { sections } from "./sections.js";

/** Cost against problem size, with fitted exponents beside the papers'. */
export const solveSuite: Suite = {
  usage: `npm run bench -- solve [options]

  --only names   comma-separated, of: ${sections.map((s) => s.name).join(" ")}
  --reps N       timed runs at each size, after a warm-up (default 3)
  --json         the figures as JSON instead of plots and tables
  --save         also into bench/results/solve.json, with a plot solve-<name>.svg each

Run it alone on the machine. bench/README.md says how to read it.`,

  async run(args) {
    const values = optionsOf(args, {
      only: { type: "string" },
      reps: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
    });
    const known = sections.map((s) => s.name);
    const only = names("only", values.only, known);
    const reps = positive("reps", values.reps);
    const where = machine();
    const results: Record<string, readonly SeriesResult[]> = {};
    for (const section of sections.filter((s) => only.includes(s.name))) {
      const progress = (what: string): void => console.error(`... ${what}`);
      const measured = await measureScaling(section, { reps, progress });
      results[section.name] = measured;
      if (!values.json) console.log(`${sectionReport(section, measured)}\n`);
      if (values.save) {
        const curves = measured.map((r) => ({
          name: `${r.name} (${r.timeExponent.toFixed(2)})`,
          points: r.points.map((p) => [p.size, p.ms] as const),
        }));
        const labels = { title: section.title, x: section.size, y: "milliseconds", logX: true, logY: true };
        saveResult(`solve-${section.name}.svg`, await linePlot(curves, labels));
      }
    }
    const all = { ...where, reps, sections: results };
    if (values.save) saveResult("solve.json", `${JSON.stringify(all, undefined, 2)}\n`);
    if (values.json) console.log(JSON.stringify(all, undefined, 2));
  },
};
