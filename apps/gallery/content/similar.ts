// Which papers are near each other by meaning: the angle between their weighted terms (Salton, Wong, Yang, 1975), with other
// names of what they are about among the terms. Latent semantic analysis was tried: of 41 texts its directions are mostly chance.
import { stem } from "../src/terms.js";

const termsOf = (text: string): string[] =>
  (text.match(/[A-Za-z][A-Za-z0-9]+/g) ?? []).flatMap((word) => (word.length > 2 ? (stem(word) ?? []) : []));

/**
 * The `count` nearest of each text.
 * @param texts one per paper, the important words repeated
 * @returns indices into texts, nearest first
 */
export function nearest(texts: readonly string[], count = 4): number[][] {
  const documents = texts.map((text) => {
    const times = new Map<string, number>();
    for (const term of termsOf(text)) times.set(term, (times.get(term) ?? 0) + 1);
    return times;
  });
  const frequency = new Map<string, number>();
  for (const times of documents)
    for (const term of times.keys()) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  const weighted = documents.map((times) => {
    // A term of one text only says nothing about others, one of all texts tells none apart.
    const weights = [...times]
      .filter(([term]) => frequency.get(term)! > 1)
      .map(
        ([term, n]) => [term, (1 + Math.log(n)) * Math.log(documents.length / frequency.get(term)!)] as const,
      );
    const norm = Math.hypot(...weights.map(([, weight]) => weight)) || 1;
    return new Map(weights.map(([term, weight]) => [term, weight / norm]));
  });
  const cosine = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number =>
    [...a].reduce((sum, [term, weight]) => sum + weight * (b.get(term) ?? 0), 0);
  return weighted.map((here, i) =>
    weighted
      .map((there, j) => ({ j, near: j === i ? -1 : cosine(here, there) }))
      .sort((a, b) => b.near - a.near)
      .slice(0, count)
      .map(({ j }) => j),
  );
}
