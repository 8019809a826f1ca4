// The tables that people read.
import type { CaseName } from "./cases.js";
import { titles } from "./cases.js";
import { caseNames, type Results } from "./engine.js";
import { isTiming, type Outcome } from "../timing.js";
import { ms, table } from "../table.js";
import { peerNames } from "./peers/names.js";

const ratio = (value: number): string =>
  `${value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)}x`;

const time = (o: Outcome | undefined): string => (isTiming(o) ? `${ms(o.median)}${o.cold ? "*" : ""}` : "–");

const against = (other: Outcome | undefined, ours: Outcome | undefined): string =>
  isTiming(other) && isTiming(ours) ? ratio(other.median / ours.median) : "";

function stepTables(results: Results): string[] {
  const entries = caseNames.flatMap((name) => {
    const step = results.steps[name];
    return step ? [{ name, step }] : [];
  });
  if (entries.length === 0) return [];
  const present = peerNames.filter((peer) => entries.some(({ step }) => peer in step.peers));
  const head = ["training step, ms", "parameters", "Fluxion", ...present.flatMap((p) => [p, ""])];
  const steps = table(
    [...head, "limit", "share"],
    entries.map(({ step }) => [
      step.title,
      String(step.parameters),
      time(step.ours),
      ...present.flatMap((p) => [time(step.peers[p]), against(step.peers[p], step.ours)]),
      time(step.limit),
      isTiming(step.limit) && isTiming(step.ours)
        ? `${((100 * step.limit.median) / step.ours.median).toFixed(0)} %`
        : "",
    ]),
  );
  const compiled = table(
    ["compile, ms", "total", "emit", "load", "nodes", "products", "GFLOP/s"],
    entries.map(({ step: { title, compile, products, flops, ours } }) => [
      title,
      ms(compile.total),
      ms(compile.emit),
      ms(compile.load),
      String(compile.nodes),
      products === undefined ? "–" : String(products),
      isTiming(ours) ? (flops / ours.median / 1e6).toFixed(1) : "–",
    ]),
  );
  return [...steps, ...reasons(entries), "", ...compiled];
}

/** Why a cell is empty. */
function reasons(entries: { name: CaseName; step: NonNullable<Results["steps"][CaseName]> }[]): string[] {
  const lines = entries.flatMap(({ name, step }) =>
    Object.entries({ ...step.peers, Fluxion: step.ours }).flatMap(([who, outcome]) =>
      isTiming(outcome) ? [] : [`  ${name}, ${who}: ${outcome.error}`],
    ),
  );
  const all = entries.flatMap(({ step }) => [step.ours, ...Object.values(step.peers)]);
  const cold = all.some((o) => isTiming(o) && o.cold);
  return [...(cold ? ["  * the first step only, for want of time"] : []), ...lines];
}

/** Everything that was measured, as text. */
export function report(results: Results): string {
  const sections: string[][] = [stepTables(results)];
  const { sampling, scan, overheads, browser } = results;
  if (sampling) {
    const rows: [string, Outcome][] = [
      ["one program (sampleOde)", sampling.ours],
      ["one program, frozen", sampling.oursFrozen],
      ["raw session in a loop", sampling.raw],
      ["raw session, parameters in the file", sampling.rawFrozen],
    ];
    sections.push(
      table(
        ["U-Net, 8 Euler steps, batch 64, ms", "time", "to ours"],
        rows.map(([name, outcome]) => [name, time(outcome), against(outcome, sampling.ours)]),
      ),
    );
  }
  if (scan) {
    const rows = (["sample", "gradient"] as const).flatMap((kind) =>
      scan[kind].map(({ steps, emit, load, run }) => [
        `${kind === "sample" ? "Euler, MLP 3x64, batch 256" : "its gradient by the parameters"}`,
        String(steps),
        ms(emit),
        ms(load),
        ms(run.median),
        ((1e3 * run.median) / steps).toFixed(1),
      ]),
    );
    sections.push(table(["scan", "steps", "emit ms", "load ms", "run ms", "µs per step"], rows));
  }
  if (overheads) {
    const names = {
      loss: "loss",
      gradient: "+ gradient",
      step: "+ Adam",
      noisyStep: "+ noise and times by threefry",
    } as const;
    const keys = Object.keys(names) as (keyof typeof names)[];
    const rows = keys.map((key, i) => {
      const [now, before] = [overheads[key], i > 0 ? overheads[keys[i - 1]!] : undefined];
      return [names[key], time(now), isTiming(now) && isTiming(before) ? ms(now.median - before.median) : ""];
    });
    sections.push(table(["DiT step by parts, ms", "time", "more"], rows));
  }
  if (browser) {
    if ("error" in browser) sections.push([`Chromium: ${String(browser.error)}`]);
    else {
      const rows = (Object.entries(browser) as [CaseName, { outcome: Outcome; node: number }][]).map(
        ([name, { outcome, node }]) => [
          titles[name],
          ms(node),
          time(outcome),
          isTiming(outcome) ? ratio(outcome.median / node) : outcome.error,
        ],
      );
      sections.push(table(["in Chromium, Wasm, 2 threads, ms", "Node", "Chromium", "ratio"], rows));
    }
  }
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}
