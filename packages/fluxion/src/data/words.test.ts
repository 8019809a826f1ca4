import { describe, expect, it } from "vitest";
import { wordsOf, wordTokens } from "./words.js";

describe("wordTokens", () => {
  it("numbers the sorted words from 1, and pads with 0", () => {
    const tokens = wordTokens(["A dark coat", "a t-shirt!"]);
    expect(tokens.words).toEqual(["", "a", "coat", "dark", "t-shirt"]);
    const rows = tokens.encode(["a Dark coat", "T-shirt", ""]);
    expect(rows.shape).toEqual([3, 3]);
    expect([...rows.data]).toEqual([1, 3, 2, 4, 0, 0, 0, 0, 0]);
    expect(wordTokens(["a b"], 5).encode(["b"]).shape).toEqual([1, 5]);
  });

  it("splits at what is no letter, digit, hyphen or apostrophe", () => {
    expect(wordsOf("  It's 2 (Über-)large bags, no? ")).toEqual(["it's", "2", "über", "large", "bags", "no"]);
    expect(wordsOf("…")).toEqual([]);
  });

  it("names what it does not know", () => {
    const tokens = wordTokens(["a coat"]);
    expect(() => tokens.encode(["a hat"])).toThrow(/known words, got "hat" in "a hat"; known: a coat/);
    expect(() => tokens.encode(["a a coat"])).toThrow(/at most 2 words, got 3 in "a a coat"/);
    expect(() => wordTokens(["", "!"])).toThrow(/a word/);
    expect(() => wordTokens(["a"], 0)).toThrow(/length/);
  });
});
