// Puts the lines of the library beside the pieces of a paper's mathematics that name them.
import { marked, type Tokens } from "marked";
import { lineOf, type Declaration } from "./code-lines.js";
import { html } from "./markdown.js";
import type { CodeLine, MathBlock } from "./types.js";

/** Names in backticks: `f`, `f(x)`; not options such as `space: "end"`. */
const named = /`([A-Za-z]\w*)(?:\([^`]*\))?`/g;

/** The names that a piece of text gives to code. */
export const namesIn = (text: string): string[] => [...text.matchAll(named)].map(([, name]) => name!);

/** Paragraphs, items of lists, tables: pieces short enough to stand beside their code. */
export const piecesOf = (section: string): string[] =>
  marked.lexer(section).flatMap((token) => {
    if (token.type === "space") return [];
    return token.type === "list" ? (token as Tokens.List).items.map(({ raw }) => raw) : [token.raw];
  });

/**
 * The section in pieces, each with the lines it names.
 * @param own lines that name the paper as their source; those that no piece names are returned as `others`
 * @param library where other names are looked up
 */
export function besideCode(
  section: string,
  own: readonly CodeLine[],
  library: readonly Declaration[],
): { mathematics: MathBlock[]; others: CodeLine[] } {
  const used = new Set<string>();
  const mathematics = piecesOf(section).map((piece): MathBlock => {
    const lines = [...new Set(namesIn(piece))].flatMap((name) => {
      const found = own.find((line) => line.name === name);
      const other = library.find((declaration) => declaration.name === name);
      const line = found ?? (other && lineOf(other));
      // The first piece that names it has it.
      if (!line || used.has(name)) return [];
      used.add(name);
      return [line];
    });
    return { html: html(piece, true), lines };
  });
  return { mathematics, others: own.filter(({ name }) => !used.has(name)) };
}
