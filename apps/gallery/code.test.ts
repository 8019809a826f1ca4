// The mathematics beside its code, and the sources behind every line.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { papers } from "fluxion/papers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { besideCode, namesIn, piecesOf } from "./content/beside-code.js";
import { declarations, linesOf } from "./content/code-lines.js";
import { sectionsOf } from "./content/markdown.js";
import { audit, screens, startGallery, type Gallery } from "./testing.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = path.join(root, "packages", "fluxion", "src");
const library = declarations(source);
const done = papers.filter((p) => p.state === "done");
const mathematicsOf = (id: string): string =>
  sectionsOf(readFileSync(path.join(root, "papers", id, "README.md"), "utf8"))["Mathematics"]!;

it("parts a section into pieces and names in it", () => {
  const section =
    'A line on `first` and `second(x)`.\n\n- one `first`\n- two, `space: "end"`\n\n| a | b |\n| - | - |\n| 1 | `third` |\n';
  expect(piecesOf(section).map((piece) => piece.trim().slice(0, 5))).toEqual([
    "A lin",
    "- one",
    "- two",
    "| a |",
  ]);
  expect(namesIn(section)).toEqual(["first", "second", "first", "third"]);
});

it("finds declarations with their place and line", () => {
  const straightness = library.find(({ name }) => name === "straightness")!;
  const text = readFileSync(path.join(source, straightness.file), "utf8").split("\n");
  expect(text[straightness.line - 1]).toMatch(/^export function straightness/);
  const [line] = linesOf(library, ["flow"], "2209.03003").filter(({ name }) => name === "straightness");
  expect(line!.place).toContain("eq. 6");
  expect(line!.html).toContain("function");
});

describe.each(done.map((p) => [p.id, p] as const))("%s", (id, { modules, arxiv }) => {
  const section = mathematicsOf(id);

  it("names only what the library exports", () => {
    for (const name of namesIn(section)) {
      expect(
        library.some((declaration) => declaration.name === name),
        `\`${name}\` is a documented export`,
      ).toBe(true);
    }
  });

  it("has code beside its equations", () => {
    const { mathematics, others } = besideCode(section, linesOf(library, modules, arxiv), library);
    const withCode = mathematics.filter(({ lines }) => lines.length > 0).length;
    expect(withCode).toBeGreaterThanOrEqual(2);
    // What implements the paper stands beside what it implements, most of it.
    const own = linesOf(library, modules, arxiv).length;
    expect(others.length).toBeLessThanOrEqual(own / 2);
    for (const { file } of [...mathematics.flatMap(({ lines }) => lines), ...others])
      expect(existsSync(path.join(source, file))).toBe(true);
  });
});

describe("in the browser", () => {
  let gallery: Gallery;
  beforeAll(async () => {
    gallery = await startGallery();
  }, 120_000);
  afterAll(() => gallery?.close());

  it("leads from an equation to its line, and from the file back to its papers", async () => {
    const { page, faults, close } = await gallery.open("#/paper/rectified-flow");
    const piece = page.locator(".beside", { hasText: "straightness" }).first();
    await piece.locator("summary", { hasText: "straightness" }).click();
    await piece.getByText("export function straightness").waitFor();
    await piece
      .getByRole("link", { name: /flow\/diagnostics\.ts:\d+/ })
      .first()
      .click();
    await page.locator(".file .marked").waitFor();
    expect(await page.locator(".file .marked").innerText()).toContain("function straightness");
    await expect(page.locator(".file .marked").isVisible()).resolves.toBe(true);
    await page.screenshot({ path: path.join(screens, "code.png") });
    expect(await audit(page)).toEqual([]);
    await page.getByRole("link", { name: "Rectified Flow", exact: true }).click();
    await page.getByRole("heading", { name: "Live" }).waitFor();
    await page
      .locator("p", { hasText: "In the library:" })
      .getByRole("link", { name: "flow", exact: true })
      .click();
    await page.getByRole("link", { name: "diagnostics.ts", exact: true }).waitFor();
    expect(await audit(page)).toEqual([]);
    await page.goto(gallery.address("#/code/flow/none.ts"));
    await page.getByRole("alert").getByText("There is no").waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});
