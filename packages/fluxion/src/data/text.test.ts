import { expect, it } from "vitest";
import { OptionError } from "../index.js";
import { characterTokens, loadText, textNames } from "./index.js";

it("loads the embedded text, and refuses another", async () => {
  expect(textNames).toEqual(["moby-dick"]);
  const text = await loadText("moby-dick");
  expect(text).toHaveLength(297_325);
  expect(text).toMatch(/^CHAPTER 1\. Loomings\.\nCall me Ishmael\./);
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  await expect(loadText("ulysses" as never)).rejects.toThrow(OptionError);
});

it("makes a token of every character", () => {
  const { tokens, characters } = characterTokens("abba c😀");
  expect(characters).toEqual([" ", "a", "b", "c", "😀"]);
  expect([...tokens]).toEqual([1, 2, 2, 1, 0, 3, 4]);
  expect(characterTokens("")).toEqual({ tokens: new Int32Array(), characters: [] });
});
