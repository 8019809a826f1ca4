import { OptionError } from "../core/errors.js";
import { type AssetName, readAsset } from "./assets.js";
import { gunzip } from "./gunzip.js";

const texts = {
  "moby-dick": "text/moby-dick.txt.gz",
} as const satisfies Record<string, AssetName>;

/** Name of an embedded text. */
export type TextName = keyof typeof texts;

/** Names of the embedded texts. */
export const textNames = Object.keys(texts) as readonly TextName[];

/**
 * An embedded text: `moby-dick`, the first 32 chapters of the novel (1851), 297,325 ASCII characters, a paragraph a line.
 * @throws OptionError for another name
 */
export async function loadText(name: TextName): Promise<string> {
  if (!Object.hasOwn(texts, name))
    throw new OptionError({
      where: "data.loadText",
      want: `one of ${textNames.join(", ")}`,
      got: String(name),
    });
  const file = texts[name];
  return new TextDecoder().decode(await gunzip(await readAsset(file), file));
}

/** A text as tokens, a character each. */
export interface CharacterCorpus {
  /** int32 [N], indices into `characters` */
  readonly tokens: Int32Array;
  /** The K different characters (Unicode code points), sorted. */
  readonly characters: readonly string[];
}

/** Characters as tokens, those of the text itself as vocabulary. */
export function characterTokens(text: string): CharacterCorpus {
  const all = [...text];
  const characters = [...new Set(all)].sort();
  const index = new Map(characters.map((c, i) => [c, i]));
  return { tokens: Int32Array.from(all, (c) => index.get(c)!), characters };
}
