// Gathers what the pages show from the registry, the papers' READMEs and records, their claims and demos.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Check, Claim } from "fluxion/claims";
import type { ClaimResult } from "fluxion/claims/node";
import type { Demo } from "fluxion/demo";
import { fields, papers, type Paper } from "fluxion/papers";
import { artefacts } from "../../../papers/artefacts.js";
import { alsoCalled } from "../src/terms.js";
import { declarations, linesOf, sources } from "./code-lines.js";
import { colouredCode, fenced, html, sectionsOf, withoutFenced, withoutRecord, words } from "./markdown.js";
import { besideCode } from "./beside-code.js";
import { nearest } from "./similar.js";
import type { CheckLine, PaperEntry, PaperPage } from "./types.js";

const root = new URL("../../../", import.meta.url);
const libraryFolder = fileURLToPath(new URL("packages/fluxion/src", root));
const read = (name: string): string | undefined => {
  const file = new URL(name, root);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
};
const readmeOf = (id: string): Record<string, string> => sectionsOf(read(`papers/${id}/README.md`) ?? "");

const artefactsOf = (id: string): (typeof artefacts)["rectified-flow"] | undefined =>
  (artefacts as Record<string, (typeof artefacts)["rectified-flow"]>)[id];

function resultOf(id: string): ClaimResult | undefined {
  const text = read(`papers/${id}/result.json`);
  return text === undefined ? undefined : (JSON.parse(text) as ClaimResult);
}

/** What the picture of a paper's card shows; undefined without one. */
async function pictureOf(id: string): Promise<PaperEntry["picture"]> {
  const files = ["light", "dark"].map((theme) => new URL(`papers/${id}/picture-${theme}.webp`, root));
  if (!files.every((file) => existsSync(file))) return undefined;
  const { demo } = (await artefactsOf(id)!.demo()) as { demo: Demo };
  return { alt: demo.picture?.alt ?? demo.caption };
}

/** The entries of all papers, in the registry's order. */
export async function entries(): Promise<PaperEntry[]> {
  const texts = papers.map(({ title, name, field, summary, concepts, id }) => {
    const sections = readmeOf(id);
    const idea = words(`${sections["Problem"] ?? ""} ${sections["Idea"] ?? ""}`);
    const about = [title, summary, ...concepts].join(" ");
    return { idea, all: [about, about, fields[field], alsoCalled(about), name, idea].join(" ") };
  });
  const near = nearest(texts.map(({ all }) => all));
  const pictures = await Promise.all(
    papers.map(async ({ id, state }) => (state === "done" ? pictureOf(id) : undefined)),
  );
  return papers.map(
    ({ id, name, title, authors, year, venue, arxiv, field, summary, concepts, state }, i) => {
      const result = state === "done" ? resultOf(id) : undefined;
      return {
        ...{ id, name, title, authors, year, venue, arxiv, field, summary, concepts },
        done: state === "done",
        reproduced: result?.passed,
        words: texts[i]!.idea,
        picture: pictures[i],
        similar: near[i]!.map((j) => papers[j]!.id),
        marks: (result?.checks ?? []).slice(0, 9).map(({ value, bar, sense, passed }) => ({
          at: Number(position(value, bar).toFixed(3)),
          passed,
          above: sense === "at least",
        })),
      };
    },
  );
}

/** Where a value stands when its bar stands at ½: in (0, 1), by ratio if the signs agree. */
function position(value: number | null, bar: number): number {
  if (value === null || !Number.isFinite(value)) return 1;
  const steps = value * bar > 0 ? Math.log10(value / bar) : (value - bar) / (Math.abs(bar) || 1);
  return 0.5 + Math.atan(1.5 * steps) / Math.PI;
}

/** Read once: every page looks names up in it. */
let library: ReturnType<typeof declarations> | undefined;

/** The page of a paper that is done. */
export async function page(id: string): Promise<PaperPage> {
  const paper = papers.find((p) => p.id === id);
  const found = artefactsOf(id);
  if (!paper || !found) throw new Error(`${id}: not a paper that is done`);
  const { demo } = (await found.demo()) as { demo: Demo };
  const { claim } = (await found.claim()) as { claim: Claim };
  library ??= declarations(libraryFolder);
  const sections = readmeOf(id);
  const code = sections["In code"] ?? "";
  const example = fenced(code, "ts");
  const citation = sections["Citation"] ?? "";
  const section = (name: string, math = true): string => html(sections[name] ?? "", math);
  return {
    id,
    sections: {
      problem: section("Problem"),
      idea: section("Idea"),
      code: html(withoutFenced(code, "ts")),
      claim: html(withoutRecord(sections["Claim and result"] ?? ""), true),
      deviations: section("Deviations"),
      limits: section("When not to use it"),
      citation: html(withoutFenced(citation, "bibtex")),
    },
    example: example === undefined ? undefined : { html: colouredCode(example), text: example },
    bibtex: fenced(citation, "bibtex"),
    ...besideCode(sections["Mathematics"] ?? "", linesOf(library, paper.modules, paper.arxiv), library),
    claim: claimOf(paper, claim),
    demo: {
      ...{ caption: demo.caption, watch: demo.watch, controls: demo.controls, presets: demo.presets },
      html: colouredCode(read(`papers/${id}/demo.ts`) ?? ""),
    },
    modules: paper.modules,
    repository: paper.code,
  };
}

function claimOf({ id }: Paper, claim: Claim): PaperPage["claim"] {
  const result = resultOf(id);
  if (!result) return undefined;
  const { passed, seeds, seconds, date, commit, versions, figures } = result;
  type Judge = Claim["checks"];
  const lines = (checks: readonly Check[], judge: Judge | undefined): CheckLine[] => {
    // One seed at a time gives the dots; a claim that needs several seeds at once has none.
    const single = figures.map((seed) => attempt(() => judge?.([seed], "full")));
    return checks.map(({ name, value, sense, bar, passed }, i) => {
      const dots = single.map((list) => list?.find((c) => c.name === name) ?? list?.[i]);
      return { name, value, sense, bar, passed, seeds: dots.map((c) => (c ? finite(c.value) : null)) };
    });
  };
  return {
    ...{ statement: claim.statement, passed, seeds, seconds, date, commit },
    checks: lines(result.checks, (f, tier) => claim.checks(f, tier)),
    reported: lines(result.reported, (f, tier) => claim.reported?.(f, tier) ?? []),
    runtime: versions.onnxruntime,
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** First folders of the library that papers refer to. */
export const rooms = (): string[] =>
  [
    ...new Set(
      papers.filter((p) => p.state === "done").flatMap((p) => p.modules.map((m) => m.split("/")[0]!)),
    ),
  ].sort();

/** Text of every file below a folder of the library, by path in it. */
export function sourcesOf(room: string): Record<string, string> {
  const folder = path.join(libraryFolder, room);
  const name = (file: string): string => path.relative(folder, file).split(path.sep).join("/");
  return Object.fromEntries(sources(folder).map((file) => [name(file), readFileSync(file, "utf8")]));
}
