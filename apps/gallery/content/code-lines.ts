// Finds the declarations of the library, and those that name a paper as their source.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { colouredCode } from "./markdown.js";
import type { CodeLine } from "./types.js";

const longest = 40;

/** All documented declarations that the library exports, with where each comes from. */
export function declarations(source: string): Declaration[] {
  return sources(source).flatMap((file) => declarationsIn(source, file));
}

/** A documented export. */
export interface Declaration extends CodeLine {
  /** What its `@source` says. */
  readonly origin: string;
}

/** Those in `modules` whose `@source` names the arXiv number, by place in the paper. */
export function linesOf(all: readonly Declaration[], modules: readonly string[], arxiv: string): CodeLine[] {
  const found = all.filter(
    ({ file, origin }) => origin.includes(arxiv) && modules.some((module) => file.startsWith(`${module}/`)),
  );
  return found
    .map((declaration) => lineOf(declaration, placeIn(declaration.origin, arxiv)))
    .sort((a, b) => order(a) - order(b) || (a.file < b.file ? -1 : 1));
}

/** A declaration as a line of a page. */
export const lineOf = ({ name, file, line, says, html }: Declaration, place = ""): CodeLine => {
  return { place, name, file, line, says, html };
};

/** The library's files, absolute. */
export const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(test|d)\.ts$|(^|\/)index\.ts$/.test(file))
    .map((file) => path.join(folder, file))
    .sort();

function declarationsIn(source: string, file: string): Declaration[] {
  const text = readFileSync(file, "utf8");
  const found: Declaration[] = [];
  const documented =
    /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n(export (?:async )?(?:function\*?|const|interface|type) (\w+)[^\n]*)/g;
  for (const match of text.matchAll(documented)) {
    const [, comment, signature, name] = match as unknown as [string, string, string, string];
    const words = comment
      .replace(/^\s*\* ?/gm, "")
      .replace(/\s+/g, " ")
      .trim();
    const from = words.indexOf("@source");
    const origin = from < 0 ? "" : words.slice(from);
    const start = match.index + match[0].length - signature.length;
    found.push({
      ...{ place: "", name, origin },
      file: path.relative(source, file).split(path.sep).join("/"),
      line: text.slice(0, start).split("\n").length,
      says: /^(.*?[.:])(?= [A-Z@]|$)/.exec(words.split(" @")[0]!)?.[1] ?? words.split(" @")[0]!,
      html: colouredCode(body(text.slice(start))),
    });
  }
  return found;
}

/** The equation, algorithm or section that follows the paper's number. */
function placeIn(origin: string, arxiv: string): string {
  const after = origin.slice(origin.indexOf(arxiv) + arxiv.length).split(/; (?:deviates|[A-Z])/)[0]!;
  const place =
    /(?:eqs?\.|equations?|algorithms?|theorem|lemma|proposition|section|appendix|table|§)\s?[^;]*/i.exec(
      after,
    )?.[0] ?? "";
  return place
    .replace(/\s*\((?!\d)[^)]*$/, "")
    .trim()
    .slice(0, 60);
}

const order = ({ place }: CodeLine): number => {
  if (!place) return 1e6;
  const number = Number(/[\d.]+/.exec(place)?.[0] ?? 999);
  return number + (/^eq/i.test(place) ? 0 : /^alg/i.test(place) ? 1e3 : 1e4);
};

/** A declaration up to its end at the left margin. */
function body(text: string): string {
  const lines = text.split("\n");
  if (/;\s*$/.test(lines[0]!)) return lines[0]!;
  const end = lines.findIndex(
    (line, i) => i > 0 && /^(?:[})\]].*;?|\S.*;)$/.test(line) && !/^\).*\{$/.test(line),
  );
  const all = lines.slice(0, end < 0 ? longest : end + 1);
  return all.length > longest ? [...all.slice(0, longest), "  // …"].join("\n") : all.join("\n");
}
