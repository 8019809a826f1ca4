import { pathToFileURL } from "node:url";
import path from "node:path";
import { fashion7Quality, loadFashion7 } from "../../papers/fashion7.js";
import { machine } from "../machine.js";
import { names, optionsOf, saveResult, type Suite } from "../suite.js";
import { flowMethods } from "./methods.js";
import { flowReport } from "./report.js";
import { measureFlows, rowsOf, solverSteps, type FlowResults, type FlowRow } from "./results.js";
import { flowBudget } from "./workshop.js";

/** Where `--save` writes. */
export const flowsFile = pathToFileURL(path.join(import.meta.dirname, "../results/flows.json"));

/** Quality and cost of every way to train and distil a flow, on the same images and budget. */
export const flowsSuite: Suite = {
  usage: `npm run bench -- flows [options]

  --only names   comma-separated, of: ${flowMethods.map((m) => m.name).join(" ")}
  --seeds list   whole numbers (default 0)
  --save         every row into bench/results/flows.json as soon as it is there; rows that are in it are not
                 measured again, so that a run that was stopped goes on where it was
  --fresh        measures them again
  --json         the rows as JSON instead of a table

Ten to forty seconds a row and seed. bench/README.md says how to read it.`,

  async run(args) {
    const values = optionsOf(args, {
      only: { type: "string" },
      seeds: { type: "string", default: "0" },
      save: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    });
    const known = flowMethods.map((m) => m.name);
    const only = names("only", values.only, known);
    const seeds = values.seeds.split(",").map((text) => {
      const seed = Number(text);
      if (text.trim() === "" || !Number.isInteger(seed) || seed < 0)
        throw new Error(`--seeds: want whole numbers ≥ 0, got ${values.seeds}`);
      return seed;
    });
    const where = machine();
    const asked = (r: FlowRow): boolean => only.includes(r.method) && seeds.includes(r.seed);
    const old = values.save ? rowsOf(flowsFile, flowBudget, values.fresh) : [];
    const data = await loadFashion7();
    const quality = await fashion7Quality(data);
    try {
      const rows = await measureFlows({
        ...{ methods: flowMethods.filter((m) => only.includes(m.name)), seeds, budget: flowBudget },
        ...{ data, quality, done: values.fresh ? old.filter((r) => !asked(r)) : old },
        progress: (what) => console.error(`... ${what}`),
        onRow(_, all) {
          const results: FlowResults = { ...where, budget: flowBudget, solverSteps, rows: all };
          if (values.save) saveResult("flows.json", `${JSON.stringify(results, undefined, 2)}\n`);
        },
      });
      if (values.json) console.log(JSON.stringify(rows.filter(asked), undefined, 2));
      else console.log(flowReport(rows, only));
    } finally {
      await quality.release();
    }
  },
};
