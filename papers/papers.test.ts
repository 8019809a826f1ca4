import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Check } from "fluxion/claims";
import { reproduce, readResult } from "fluxion/claims/node";
import { demoState, isBetter, watched, watchedSteps, type Demo } from "fluxion/demo";
import { papers } from "fluxion/papers";
import { artefacts } from "./artefacts.js";

const done = papers.filter((p) => p.state === "done").map((p) => p.id);
const folder = fileURLToPath(new URL(".", import.meta.url));

it("has a folder for every paper that is done, and for no other", () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map((entry) => entry.name).sort()).toEqual([...done].sort());
  expect(Object.keys(artefacts).sort()).toEqual([...done].sort());
});

describe.each(done)("%s", (id) => {
  const paper = artefacts[id as keyof typeof artefacts];

  it("keeps its quick claim", async () => {
    const { passed, checks } = await reproduce(id);
    expect(checks.filter((check) => !check.passed)).toEqual([]);
    expect(passed).toBe(true);
  }, 120_000);

  it("has a record of a full run by its present checks", async () => {
    const result = await readResult(id);
    const { claim } = await paper.claim();
    expect(result.tier).toBe("full");
    expect(result.seeds).toEqual(claim.seeds.full);
    expect(result.seeds.length).toBeGreaterThanOrEqual(3);
    const now = claim.checks(result.figures, "full");
    const verdicts = (checks: readonly Check[]) =>
      checks.map(({ name, bar, passed }) => ({ name, bar, passed }));
    expect(verdicts(now)).toEqual(verdicts(result.checks));
    expect(verdicts(claim.reported?.(result.figures, "full") ?? [])).toEqual(verdicts(result.reported));
  });

  it("has a demo whose presets fit its controls and that gets better at what it is watched by", async () => {
    const { demo } = (await paper.demo()) as { demo: Demo };
    expect(demo.id).toBe(id);
    for (const shows of ["effect", "failure"]) expect(demo.presets.some((p) => p.shows === shows)).toBe(true);
    for (const { state } of demo.presets) expect(demoState(demo.controls, state)).toMatchObject(state);
    const run = await demo.create(demoState(demo.controls, demo.presets[0]!.state));
    const kinds = (await run.views()).map((view) => view.kind);
    const [from, to] = watchedSteps(demo.watch);
    let early: number | undefined;
    for (let step = 1; step <= to; step++) {
      // Some demos only show the quantity a few steps later.
      if (step > from && early === undefined) early = watched(demo.watch, await run.views());
      if ((await run.step()) === "done") break;
      if (step === from) early = watched(demo.watch, await run.views());
    }
    const views = await run.views();
    const late = watched(demo.watch, views);
    expect(isBetter(demo.watch, late, early), `${demo.watch.label}: ${early}, then ${late}`).toBe(true);
    expect(views.map((view) => view.kind)).toEqual(kinds);
    for (const view of views) {
      if (view.kind === "figures")
        for (const { name, value } of view.figures) expect(value, name).toSatisfy(Number.isFinite);
    }
    await run.release();
  }, 60_000);

  it("has pictures of its card for both themes or for none, small ones", () => {
    const files = ["light", "dark"].map((theme) => `${folder}${id}/picture-${theme}.webp`);
    const sizes = files.filter(existsSync).map((file) => statSync(file).size);
    expect([0, 2]).toContain(sizes.length);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(25_000);
  });

  it("has a README with every section", () => {
    expect(existsSync(`${folder}${id}/README.md`)).toBe(true);
    const readme = readFileSync(`${folder}${id}/README.md`, "utf8");
    const sections = [
      "Problem",
      "Idea",
      "Mathematics",
      "In code",
      "Claim and result",
      "Deviations",
      "When not to use it",
      "Citation",
    ];
    for (const section of sections) expect(readme).toContain(`\n## ${section}\n`);
    expect(readme).toContain("```ts\n");
  });
});
