import { OptionError } from "../core/errors.js";
import type { ArrayData } from "./array-data.js";

/** Turns prompts into rows of word numbers. */
export interface WordTokens {
  /** Words by number; number 0 is padding. */
  readonly words: readonly string[];
  /** Words in a row. */
  readonly length: number;
  /**
   * Prompts as tokens, int32 [N, length], filled up with 0; an empty prompt is all padding.
   * @throws OptionError naming a word that is not known, or a prompt that is too long
   */
  encode(prompts: readonly string[]): ArrayData<Int32Array>;
}

/** Lower-case words of a prompt, without punctuation: letters, digits, hyphens and apostrophes within a word. */
export const wordsOf = (prompt: string): string[] =>
  prompt.toLowerCase().match(/[\p{L}\p{N}]+(?:[-'][\p{L}\p{N}]+)*/gu) ?? [];

/**
 * A vocabulary of the words in some prompts, sorted.
 * @param prompts all words that are to be known
 * @param length words in a row, default: those of the longest prompt
 * @throws OptionError without a word
 */
export function wordTokens(prompts: readonly string[], length?: number): WordTokens {
  const where = "data.wordTokens";
  const split = prompts.map(wordsOf);
  const words = ["", ...[...new Set(split.flat())].sort()];
  const room = length ?? Math.max(0, ...split.map((list) => list.length));
  if (words.length === 1 || !Number.isInteger(room) || room < 1)
    throw new OptionError({
      where,
      want: "a word, and length a whole number ≥ 1",
      got: `${words.length - 1} words, length ${room}`,
    });
  const numbers = new Map(words.map((word, i) => [word, i]));
  return {
    words,
    length: room,
    encode(texts) {
      const data = new Int32Array(texts.length * room);
      texts.forEach((text, n) => {
        const list = wordsOf(text);
        if (list.length > room)
          throw new OptionError({ where, want: `at most ${room} words`, got: `${list.length} in "${text}"` });
        list.forEach((word, i) => {
          const number = numbers.get(word);
          if (number === undefined) {
            const hint = `known: ${words.slice(1, 41).join(" ")}${words.length > 41 ? " …" : ""}`;
            throw new OptionError({ where, want: "known words", got: `"${word}" in "${text}"`, hint });
          }
          data[n * room + i] = number;
        });
      });
      return { data, shape: [texts.length, room] };
    },
  };
}
