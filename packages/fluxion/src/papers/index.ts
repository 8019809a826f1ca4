/**
 * The registry of the papers that Fluxion makes software of: plain data, safe in browsers.
 * @module
 */
import { OptionError } from "../core/errors.js";
import { flows } from "./flows.js";
import { guidance } from "./guidance.js";
import { optimization } from "./optimization.js";
import type { Paper } from "./paper.js";
import { solvers } from "./solvers.js";
import { systems } from "./systems.js";
import { vision } from "./vision.js";

export { fields, type Field, type Paper } from "./paper.js";

const entries = [...flows, ...guidance, ...optimization, ...vision, ...solvers, ...systems] as const;

/** All papers, by field. */
export const papers: readonly Paper[] = entries;

/** Id of any paper. */
export type PaperId = (typeof entries)[number]["id"];

/** Id of a paper whose artefacts are all there. */
export type DonePaperId = Extract<(typeof entries)[number], { state: "done" }>["id"];

/**
 * The paper of an id.
 * @throws OptionError naming the closest ids
 */
export function findPaper(id: string): Paper {
  const paper = papers.find((p) => p.id === id);
  if (paper) return paper;
  const close = papers.filter((p) => p.id.includes(id) || id.includes(p.id)).map((p) => p.id);
  throw new OptionError({
    where: "papers",
    want: "the id of a paper",
    got: `"${id}"`,
    hint: close.length > 0 ? `did you mean ${close.join(" or ")}?` : "`fluxion papers` lists them",
  });
}
