import type { DemoState } from "fluxion/demo";

/** Steps that the program takes at most. */
const steps = 200;

/** A demo as a program for a checkout of Fluxion. @param state what differs from the controls' initial values */
export const program = (id: string, state: DemoState): string =>
  `// In a checkout of Fluxion, as try.ts: npx tsx --conditions fluxion-source try.ts
import { watched } from "fluxion/demo";
import { demo } from "./papers/${id}/demo.js";

const run = await demo.create(${JSON.stringify(state)});
for (let step = 1; step <= ${steps}; step++) {
  if ((await run.step()) === "done") break;
}
const views = await run.views();
console.log(demo.watch.label, watched(demo.watch, views));
for (const view of views) {
  if (view.kind === "figures") console.table(view.figures);
  if (view.kind === "curves") for (const { name, points } of view.curves) console.log(view.title, name, points.at(-1));
}
await run.release();
`;
