// How fast the demos run in the tests' browser: a table beside the screens, for people to look at.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Notes a demo's speed in speeds.json and speeds.md.
 * @param folder of both files
 * @param id of the paper
 * @param pace milliseconds a step, ≥ 0
 * @param engine as the page names it, such as "Wasm, 1 thread"
 */
export function noteSpeed(folder: string, id: string, pace: number, engine: string): void {
  const file = path.join(folder, "speeds.json");
  type Speeds = Record<string, { pace: number; engine: string; date: string }>;
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Speeds) : {};
  const date = new Date().toISOString().slice(0, 10);
  const speeds: Speeds = { ...known, [id]: { pace: Number(pace.toPrecision(3)), engine, date } };
  writeFileSync(file, `${JSON.stringify(speeds, undefined, 2)}\n`);
  // The page's clock does not resolve the steps of demos that compute everything before the first.
  const row = ([id, { pace, engine, date }]: [string, Speeds[string]]): string =>
    pace < 0.05
      ? `| ${id} | ${engine} | < 0.05 | | ${date} |`
      : `| ${id} | ${engine} | ${pace} | ${Number((1000 / pace).toPrecision(3))} | ${date} |`;
  const lines = Object.entries(speeds)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(row);
  writeFileSync(
    path.join(folder, "speeds.md"),
    [
      "Recent steps of each demo, in headless Chromium, two demos at a time.",
      "",
      "| Paper | Engine | ms a step | steps a second | Date |",
      "| --- | --- | --: | --: | --- |",
      ...lines,
      "",
    ].join("\n"),
  );
}
