import MiniSearch, { type SearchResult } from "minisearch";
import type { PaperEntry } from "../content/types.js";
import { alsoCalled, stem } from "./terms.js";

/** Mistakes that a word may have: none in very short words and numbers. */
const mistakes = (term: string): number | false =>
  term.length < 3 || /\d/.test(term) ? false : term.length < 8 ? 1 : 2;

/** A search of papers: ids that match, best first. */
export function searchOf(papers: readonly PaperEntry[]): (query: string) => string[] {
  const done = new Set(papers.filter((paper) => paper.done).map(({ id }) => id));
  const index = new MiniSearch({
    fields: ["name", "title", "concepts", "summary", "authors", "words", "also", "arxiv", "year"],
    // A word's stem, and the word as it is for those who are still typing it.
    processTerm: (word, field) => {
      const stemmed = stem(word);
      return stemmed && field !== "name" ? [...new Set([word.toLowerCase(), stemmed])] : stemmed;
    },
    searchOptions: {
      boost: { name: 6, title: 4, concepts: 4, summary: 2, also: 2 },
      processTerm: stem,
      prefix: (term) => term.length > 1,
      weights: { prefix: 0.6, fuzzy: 0.3 },
      // What can be tried here comes first.
      boostDocument: (id) => (done.has(id as string) ? 1.5 : 1),
    },
  });
  index.addAll(
    papers.map(({ summary, concepts, title, words, year, ...paper }) => ({
      ...{ ...paper, title, summary, words, year: String(year), concepts: concepts.join(" ") },
      also: alsoCalled([title, summary, ...concepts].join(" ")),
    })),
  );
  return (query) => {
    // First as it stands; if nothing has all of it, with mistakes; then any of its words.
    for (const how of [
      { combineWith: "AND" },
      { combineWith: "AND", fuzzy: mistakes },
      { combineWith: "OR", fuzzy: mistakes },
    ] as const) {
      const found = index.search(query, how);
      if (found.length === 0) continue;
      // A paper whose name has all the words was looked for by its name.
      const byName = ({ match, queryTerms }: SearchResult): boolean =>
        Object.values(match).filter((fields) => fields.includes("name")).length >= queryTerms.length;
      return [...found.filter(byName), ...found.filter((result) => !byName(result))].map(
        ({ id }) => id as string,
      );
    }
    return [];
  };
}
