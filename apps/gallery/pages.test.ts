// What every page of a paper offers beyond its demo: the way around, the verdict, the citation, links to paper, code and module.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { papers } from "fluxion/papers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { page as contentOf } from "./content/gather.js";
import { audit, screens, startGallery, type Gallery } from "./testing.js";

const source = fileURLToPath(new URL("../../packages/fluxion/src", import.meta.url));
const done = papers.filter((p) => p.state === "done");

it.each(done.map((p) => [p.id, p] as const))("%s: has all its parts", async (id, paper) => {
  const { sections, bibtex, example, modules, claim, repository } = await contentOf(id);
  expect(sections["idea"]!.match(/<li>/g), "the idea in five sentences").toHaveLength(5);
  for (const part of ["problem", "claim", "deviations", "limits"])
    expect(sections[part]!.length, part).toBeGreaterThan(50);
  expect(bibtex).toMatch(/^@\w+\{/);
  // Many cite the proceedings, which have no number of arXiv.
  expect(bibtex!.replace(/[{}\\'"]/g, "")).toContain(paper.authors.split(/[ ,]/)[0]!);
  expect(example?.text).toContain("fluxion");
  expect(claim?.statement.length).toBeGreaterThan(50);
  expect(repository).toEqual(paper.code);
  expect(modules.length).toBeGreaterThan(0);
  for (const module of modules) expect(existsSync(path.join(source, module)), module).toBe(true);
});

describe("in the browser", () => {
  let gallery: Gallery;
  beforeAll(async () => {
    gallery = await startGallery();
  }, 120_000);
  afterAll(() => gallery?.close());

  it("leads to the paper, the authors' code and the module, and copies the citation", async () => {
    const paper = done.find((p) => p.id === "rectified-flow")!;
    const { page, faults, close } = await gallery.open(`#/paper/${paper.id}`, {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.getByRole("button", { name: "Copy BibTeX" }).click();
    await page.getByText("Copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe((await contentOf(paper.id)).bibtex);
    const href = (name: string) => page.getByRole("link", { name, exact: true }).getAttribute("href");
    expect(await href(`arXiv ${paper.arxiv}`)).toBe(`https://arxiv.org/abs/${paper.arxiv}`);
    expect(await href(paper.code!.repository)).toBe(`https://github.com/${paper.code!.repository}`);
    expect(await href(paper.modules[0]!)).toBe(`#/code/${paper.modules[0]!}`);
    expect(faults).toEqual([]);
    await close();
  });

  it("has no page that is wider than a phone", async () => {
    const { page, faults, close } = await gallery.open("", { viewport: { width: 375, height: 740 } });
    for (const { id, name } of done) {
      await page.goto(gallery.address(`#/paper/${id}`));
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.locator("#mathematics").waitFor();
      const sticksOut = await page.evaluate(() =>
        [...document.querySelectorAll("main *")]
          .filter((e) => e.getBoundingClientRect().right > 376 && !e.closest(".prose, .wide, pre, .katex"))
          .map((e) => e.outerHTML.slice(0, 120)),
      );
      expect(sticksOut, id).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), id).toBeLessThanOrEqual(375);
      const scrolls = (await audit(page)).filter((fault) => fault.startsWith("scrollable"));
      expect(scrolls, id).toEqual([]);
    }
    expect(faults).toEqual([]);
    await close();
  }, 120_000);

  it("says the verdict first and leads to its parts by keyboard", async () => {
    const { page, faults, close } = await gallery.open("#/paper/rectified-flow");
    const contents = page.getByRole("navigation", { name: "On this page" });
    await contents.getByRole("button", { name: "Mathematics" }).focus();
    const before = page.url();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("mathematics");
    expect(page.url()).toBe(before);
    // Below the contents, which stay in sight.
    const top = async (what: string) => (await page.locator(what).boundingBox())!.y;
    await expect.poll(async () => Math.abs(await top("nav.contents"))).toBeLessThan(2);
    expect(await top("#mathematics")).toBeGreaterThan(20);
    expect(await top("#mathematics")).toBeLessThan(120);
    await page.getByRole("button", { name: "See what was measured" }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("claim");
    for (const name of await contents.getByRole("button").allInnerTexts())
      await contents.getByRole("button", { name }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("similar");
    await page.screenshot({ path: path.join(screens, "contents.png") });
    expect(await audit(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });
});
