// Which papers are near each other by meaning: latent semantic analysis of their texts (Deerwester et al., 1990).
// Terms that occur together fall onto the same directions, so two papers can be near without a word in common.
import { Matrix, SingularValueDecomposition } from "ml-matrix";

const common = new Set(
  "a an and are as at be but by can do does each even every for from has have how if in into is it its itself more most no not of on one only or other over own than that the their them then there they this to two was what when where which while whose will with without yet".split(
    " ",
  ),
);
const directions = 16;

const termsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[a-z][a-z0-9]+/g) ?? [])
    .filter((term) => term.length > 2 && !common.has(term))
    .map((term) =>
      term.replace(/(?:ings?|ies|es|s|ed|ly|ions?)$/, (end) => (term.length - end.length > 3 ? "" : end)),
    );

/**
 * The `count` nearest of each text.
 * @param texts one per paper, the important words repeated
 * @returns indices into texts, nearest first
 */
export function nearest(texts: readonly string[], count = 4): number[][] {
  const documents = texts.map(termsOf);
  const frequency = new Map<string, number>();
  for (const terms of documents)
    for (const term of new Set(terms)) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  // A term of one text only says nothing about others.
  const vocabulary = [...frequency].filter(([, n]) => n > 1).map(([term]) => term);
  const column = new Map(vocabulary.map((term, i) => [term, i]));
  const table = Matrix.zeros(documents.length, vocabulary.length);
  documents.forEach((terms, row) => {
    for (const term of terms) {
      const j = column.get(term);
      if (j !== undefined) table.set(row, j, table.get(row, j) + 1);
    }
    for (let j = 0; j < vocabulary.length; j++) {
      const n = table.get(row, j);
      const rarity = Math.log(documents.length / frequency.get(vocabulary[j]!)!);
      table.set(row, j, n > 0 ? (1 + Math.log(n)) * rarity : 0);
    }
    const norm = Math.hypot(...table.getRow(row)) || 1;
    table.mulRow(row, 1 / norm);
  });
  const svd = new SingularValueDecomposition(table, { autoTranspose: true });
  const size = Math.min(directions, svd.diagonal.length);
  const places = documents.map((_, row) =>
    Array.from({ length: size }, (_, k) => svd.leftSingularVectors.get(row, k) * svd.diagonal[k]!),
  );
  const cosine = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, v, k) => sum + v * b[k]!, 0) / ((Math.hypot(...a) || 1) * (Math.hypot(...b) || 1));
  return places.map((here, i) =>
    places
      .map((there, j) => ({ j, near: j === i ? -2 : cosine(here, there) }))
      .sort((a, b) => b.near - a.near)
      .slice(0, count)
      .map(({ j }) => j),
  );
}
