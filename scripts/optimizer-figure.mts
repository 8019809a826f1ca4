// Draws docs/images/optimizers.svg from the records of the optimizer papers' full runs:
//   npx tsx --conditions fluxion-source scripts/optimizer-figure.mts
// Every dot is a seed, every line the mean of three; learning rates are tuned on a part of their own.
import { readFileSync, writeFileSync } from "node:fs";
import * as Plot from "@observablehq/plot";
import type { ClaimResult } from "fluxion/claims/node";
import { svgOf } from "../packages/fluxion/src/cli/plots.js";

const root = new URL("../", import.meta.url);
const figures = (id: string): ClaimResult["figures"] =>
  (JSON.parse(readFileSync(new URL(`papers/${id}/result.json`, root), "utf8")) as ClaimResult).figures;

interface Row {
  task: string;
  optimizer: string;
  /** Part of the test images that are wrong, or test loss in nats per character. */
  value: number;
}

const tasks = {
  conv: "images, conv net: test error",
  mlp: "images, MLP with batch norm: test error",
  text: "text, transformer: test loss",
} as const;

const rows: Row[] = [
  ...figures("diffgrad").flatMap((f) =>
    ["diffGrad", "Adam", "AMSGrad", "SGDM", "AdaGrad", "AdaDelta", "RMSProp"].map((optimizer) => ({
      ...{ task: tasks.conv, optimizer, value: 1 - f[`accuracy${optimizer}`]! },
    })),
  ),
  ...figures("adamp").flatMap((f) =>
    ["SGD", "SGDM", "SGDP", "AdamW", "AdamP"].map((optimizer) => ({
      ...{ task: tasks.mlp, optimizer, value: 1 - f[`accuracy${optimizer}`]! },
    })),
  ),
  ...figures("sophia").flatMap((f) =>
    ["AdamW", "Sophia-G"].map((optimizer) => ({
      ...{ task: tasks.text, optimizer, value: f[`tuned test loss, ${optimizer}`]! },
    })),
  ),
];

/** One panel: optimizers from the best mean downwards. */
const panel = (task: string): Promise<string> =>
  svgOf({
    title: task,
    ...{
      width: 640,
      height: 64 + 22 * new Set(rows.filter((r) => r.task === task).map((r) => r.optimizer)).size,
    },
    ...{ marginLeft: 80, marginRight: 20, marginTop: 10, marginBottom: 48, insetLeft: 8, insetRight: 8 },
    x: {
      label: `${task} (less is better)`,
      grid: true,
      labelAnchor: "left",
      labelArrow: "none",
      labelOffset: 40,
    },
    y: { label: null },
    marks: [
      Plot.dot(
        rows.filter((r) => r.task === task),
        {
          x: "value",
          y: "optimizer",
          r: 3,
          fill: "currentColor",
          fillOpacity: 0.45,
          sort: { y: "x", reduce: "mean" },
        },
      ),
      Plot.tickX(
        rows.filter((r) => r.task === task),
        Plot.groupY({ x: "mean" }, { x: "value", y: "optimizer", stroke: "#c2410c", strokeWidth: 2 }),
      ),
    ],
  });

// The panels one below the other in one document.
const parts = await Promise.all(Object.values(tasks).map(panel));
let top = 0;
const placed = parts.map((svg) => {
  const height = Number(/height="(\d+)"/.exec(svg)![1]);
  const inner = svg.replace(/^<\?xml.*\?>\s*/, "").replace("<svg ", `<svg y="${top}" `);
  top += height;
  return inner;
});
const all = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="${top}" viewBox="0 0 640 ${top}">\n${placed.join("\n")}</svg>\n`;
writeFileSync(new URL("docs/images/optimizers.svg", root), all);
