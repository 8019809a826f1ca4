// Every block marked ```ts in the documentation is a program that runs.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it, vi } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const inFolder = (folder: string): string[] =>
  readdirSync(path.join(root, folder)).map((name) => path.join(folder, name));
const pages = [
  "README.md",
  ...inFolder("docs").filter((name) => name.endsWith(".md")),
  ...inFolder("papers").map((name) => path.join(name, "README.md")),
].filter((name) => existsSync(path.join(root, name)));
const folder = path.join(root, ".cache", "doc-examples");
mkdirSync(folder, { recursive: true });

describe.each(pages)("%s", (page) => {
  const text = readFileSync(path.join(root, page), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]!);
  it(`runs its ${blocks.length} examples`, async () => {
    const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
    for (const [i, code] of blocks.entries()) {
      const file = path.join(folder, `${page.replaceAll(/\W/g, "-")}-${i}.ts`);
      writeFileSync(file, code);
      await import(/* @vite-ignore */ file);
    }
    print.mockRestore();
  }, 120_000);
});
