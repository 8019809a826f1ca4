import path from "node:path";
import { readResult } from "fluxion/claims/node";
import { isBetter, watchedSteps, type Demo } from "fluxion/demo";
import { papers } from "fluxion/papers";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artefacts } from "../../papers/artefacts.js";
import { noteSpeed } from "./speeds.js";
import {
  atRest,
  audit,
  numbersOf,
  progressOf,
  screens,
  speedOf,
  startGallery,
  type Gallery,
} from "./testing.js";

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
}, 120_000);
afterAll(() => gallery?.close());

const done = papers.filter((p) => p.state === "done");
const cards = (page: Page): Promise<string[]> => page.locator(".cards .card h3").allInnerTexts();
async function shoot(page: Page, name: string): Promise<void> {
  // The page has come to rest before it is taken in one piece, pictures far below included.
  await page.evaluate(async () => {
    const pictures = [...document.querySelectorAll("img")];
    for (const picture of pictures) picture.loading = "eager";
    await Promise.all(pictures.map((picture) => picture.decode().catch(() => undefined)));
  });
  await page.waitForTimeout(200);
  await page.screenshot({ path: path.join(screens, `${name}.png`), fullPage: true });
}

/** Notes what stands at the head of the stage: [step, value] from now on. */
async function watchValues(page: Page): Promise<() => Promise<[number, number][]>> {
  const list = await page.evaluateHandle(() => {
    const value = document.querySelector<HTMLDataElement>(".watched .value")!;
    const seen: [number, number][] = [];
    const note = (): void => {
      if (value.dataset["steps"] !== undefined)
        seen.push([Number(value.dataset["steps"]), Number(value.value)]);
    };
    new MutationObserver(note).observe(value, { attributes: true });
    return seen;
  });
  return () => list.jsonValue();
}

describe("index", () => {
  it("shows every paper, and which are still to come", async () => {
    const { page, faults, close } = await gallery.open("");
    await page.locator(".card").first().waitFor();
    expect((await cards(page)).sort()).toEqual(papers.map((p) => p.name).sort());
    expect(await page.locator(".card.planned").count()).toBe(papers.length - done.length);
    await shoot(page, "index");
    expect(await audit(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("searches with mistakes, filters by field and state, sorts, and keeps it in the address", async () => {
    const { page, faults, close } = await gallery.open("");
    await page.getByRole("searchbox").fill("rectifyed flw");
    await expect.poll(async () => (await cards(page))[0]).toBe("Rectified Flow");
    await page.getByRole("searchbox").fill("reflow");
    await expect.poll(() => cards(page)).toContain("Rectified Flow");
    expect((await cards(page)).length).toBeLessThan(20);
    await page.reload();
    expect(await page.getByRole("searchbox").inputValue()).toBe("reflow");
    await page.getByRole("searchbox").fill("zzzzqqq");
    await expect.poll(() => cards(page)).toEqual([]);
    await page.getByRole("searchbox").fill("");
    await page.locator('select[name="field"]').selectOption("optimization");
    const names = papers.filter((p) => p.field === "optimization").map((p) => p.name);
    await expect.poll(async () => (await cards(page)).sort()).toEqual(names.sort());
    const live = page.getByRole("radio", { name: /^Live/ });
    await live.check();
    const doneNames = done.filter((p) => p.field === "optimization").map((p) => p.name);
    await expect.poll(async () => (await cards(page)).sort()).toEqual(doneNames.sort());
    expect(page.url()).toContain("state=done");
    await page.locator('select[name="field"]').selectOption("all");
    // Beside each state stands how many papers it has; the verdicts are those of the records.
    const verdicts = await Promise.all(done.map(async ({ id }) => (await readResult(id)).passed));
    const counts = {
      All: papers.length,
      Live: done.length,
      Reproduced: verdicts.filter(Boolean).length,
      "Not reproduced": verdicts.filter((passed) => !passed).length,
      "Still to come": papers.length - done.length,
    };
    for (const [state, count] of Object.entries(counts)) {
      await page.getByRole("radio", { name: `${state} ${count}`, exact: true }).check();
      await expect.poll(async () => (await cards(page)).length).toBe(count);
    }
    await page.getByRole("radio", { name: /^All/ }).check();
    await page.locator('select[name="sort"]').selectOption("old");
    const first = papers.reduce((a, b) => (b.year < a.year ? b : a));
    await expect.poll(async () => (await cards(page))[0]).toBe(first.name);
    expect(faults).toEqual([]);
    await close();
  });

  it("works by keyboard: / searches, Escape clears, arrows go as the cards lie", async () => {
    const { page, close } = await gallery.open("");
    const links = page.locator(".card h3 a");
    await links.first().waitFor();
    const box = page.getByRole("searchbox");
    await page.keyboard.press("/");
    await page.keyboard.type("solver/");
    expect(await box.inputValue()).toBe("solver/");
    await page.keyboard.press("Escape");
    await expect.poll(() => cards(page)).toHaveLength(papers.length);
    expect(await box.inputValue()).toBe("");
    const here = (): Promise<number> =>
      links.evaluateAll((list) => list.indexOf(document.activeElement as HTMLElement));
    const press = async (key: string): Promise<number> => {
      await page.keyboard.press(key);
      return here();
    };
    expect(await press("ArrowDown")).toBe(0);
    expect(await press("ArrowRight")).toBe(1);
    const place = (): Promise<{ x: number; y: number }> =>
      page.evaluate(() => {
        const { left, top } = document.activeElement!.closest(".card")!.getBoundingClientRect();
        return { x: left, y: top + scrollY };
      });
    const start = await place();
    await press("ArrowDown");
    const below = await place();
    expect(below.x).toBeCloseTo(start.x, 0);
    expect(below.y).toBeGreaterThan(start.y);
    expect(await press("ArrowUp")).toBe(1);
    expect(await press("End")).toBe(papers.length - 1);
    expect(await press("ArrowRight")).toBe(papers.length - 1);
    expect(await press("Home")).toBe(0);
    expect(await press("ArrowLeft")).toBe(0);
    const address = await links.first().getAttribute("href");
    await page.keyboard.press("Enter");
    await page.locator("h1").waitFor();
    await expect.poll(() => page.url()).toContain(address!);
    await close();
  });

  it.each(["light", "dark"] as const)("shows the pictures of the %s theme only", async (theme) => {
    const { page, faults, close } = await gallery.open("", { colorScheme: theme });
    const loaded = new Set<string>();
    page.on("response", (response) => {
      if (response.url().endsWith(".webp")) loaded.add(response.url());
    });
    await page.reload();
    const shown = page.locator(".card img");
    await shown.first().waitFor();
    for (const picture of await shown.all()) {
      await picture.scrollIntoViewIfNeeded();
      expect(await picture.getAttribute("alt")).toMatch(/\w{3}/);
      await expect.poll(() => picture.evaluate((e) => (e as HTMLImageElement).naturalWidth)).toBe(480);
    }
    expect(loaded.size).toBe(await shown.count());
    const other = theme === "light" ? "dark" : "light";
    await page.getByRole("button", { name: `Change to the ${other} theme` }).click();
    await expect.poll(() => shown.first().getAttribute("src")).toContain(`picture-${other}`);
    expect(faults).toEqual([]);
    await close();
  });

  it("loads less than 200 KB of script before the engine", async () => {
    const { page, close } = await gallery.open("");
    await page.locator(".card").first().waitFor();
    const bytes = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter((e) => /\.js$/.test(e.name))
        .reduce((sum, e) => sum + (e as PerformanceResourceTiming).decodedBodySize, 0),
    );
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(200_000);
    await close();
  });

  it("a paper that is not built yet says so, an unknown one too", async () => {
    const planned = papers.find((p) => p.state === "planned");
    const { page, faults, close } = await gallery.open(planned ? `#/paper/${planned.id}` : "#/paper/none");
    if (planned) {
      await page.getByText("Not built yet.").waitFor();
      await shoot(page, "planned");
      expect(await audit(page)).toEqual([]);
    }
    await page.goto(gallery.address("#/paper/none"));
    await page.getByRole("heading", { name: "No such paper" }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});

describe.concurrent("papers", { timeout: 150_000 }, () => {
  it.for(done.map((p) => p.id))("%s: its page, and its demo until it is better", async (id, { expect }) => {
    const { demo } = (await artefacts[id as keyof typeof artefacts].demo()) as { demo: Demo };
    const [from, to] = watchedSteps(demo.watch);
    const { page, faults, close } = await gallery.open(`#/paper/${id}?engine=wasm`);
    await page.getByRole("heading", { name: "Live" }).waitFor();
    for (const part of ["The question and the idea", "The claim, measured", "Citation", "Similar papers"]) {
      expect(await page.getByRole("heading", { name: part }).count()).toBe(1);
    }
    await page.getByRole("button", { name: demo.presets[0]!.name }).click();
    const values = await watchValues(page);
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await atRest(page);
    const early = await numbersOf(page);
    await page
      .getByRole("button", { name: "Continue" })
      .or(page.locator('.views[data-status="done"]'))
      .first()
      .waitFor();
    if ((await progressOf(page)).status !== "done") {
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForFunction(
        (wanted) => {
          const { steps, status } = document.querySelector<HTMLElement>(".stage .views")!.dataset;
          return Number(steps) >= wanted || status === "done" || document.querySelector(".failure");
        },
        to,
        { timeout: 100_000 },
      );
      const pause = page.getByRole("button", { name: "Pause" });
      await pause.click({ timeout: 1000 }).catch(() => undefined);
      await atRest(page);
    }
    await expect.poll(() => page.url()).toMatch(/[?&]at=\d+/);
    const late = await numbersOf(page);
    expect(late.filter(Number.isFinite).length, "numbers shown").toBeGreaterThan(0);
    expect(late, "the demo moved").not.toEqual(early);
    const seen = await values();
    const before = seen.filter(([step]) => step <= from).at(-1) ?? seen[0];
    const after = seen.at(-1);
    expect(after?.[0]).toBeGreaterThan(from);
    expect(
      isBetter(demo.watch, after?.[1], before?.[1]),
      `${demo.watch.label}: ${String(before)}, ${String(after)}`,
    ).toBe(true);
    const { pace, engine } = await speedOf(page);
    expect(pace).toBeGreaterThanOrEqual(0);
    expect(engine).toBe("Wasm, 1 thread");
    noteSpeed(screens, id, pace, engine);
    await shoot(page, id);
    expect(await audit(page)).toEqual([]);
    // Leaving the page ends the worker.
    await page.evaluate(() => (location.hash = "#/"));
    await page.locator(".card").first().waitFor();
    await expect.poll(() => page.workers().length, { timeout: 10_000 }).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });
});

describe("looks", () => {
  const settings = {
    dark: { colorScheme: "dark" },
    phone: { viewport: { width: 375, height: 740 }, hasTouch: true },
  } as const;
  it.each(Object.keys(settings) as (keyof typeof settings)[])(
    "%s: readable, nothing sticks out",
    async (name) => {
      for (const place of ["", `paper/${done[0]!.id}`, "straighten", "onnx"]) {
        const { page, faults, close } = await gallery.open(`#/${place}`, settings[name]);
        await page
          .locator(place === "" ? ".card" : ".stage")
          .first()
          .waitFor();
        await shoot(page, `${name}-${place.replace("/", "-") || "index"}`);
        expect(await audit(page), place).toEqual([]);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wide, `${place}: wider than the screen`).toBeLessThanOrEqual(0);
        expect(faults).toEqual([]);
        await close();
      }
    },
  );

  it("changes the theme by a button and remembers it", async () => {
    const { page, close } = await gallery.open("");
    const paper = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    await page.getByRole("button", { name: "Change to the dark theme" }).click();
    await expect.poll(paper).not.toBe(light);
    await page.reload();
    await page.getByRole("button", { name: "Change to the light theme" }).waitFor();
    await expect.poll(paper).not.toBe(light);
    await close();
  });
});

describe("demo stage", () => {
  it("keeps its state in the address and computes a shared result again", async () => {
    const { page, faults, close } = await gallery.open("#/paper/diffgrad?engine=wasm");
    await page.locator(".presets button").nth(1).click();
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await atRest(page);
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await expect.poll(async () => (await progressOf(page)).steps).toBe(2);
    await expect.poll(() => page.url()).toContain("at=2");
    const [shared, seen] = [page.url(), await numbersOf(page)];
    expect(shared).toContain("f=F2");
    await close();
    const again = await gallery.open(shared.slice(shared.indexOf("#")));
    await again.page.locator('.views[data-steps="2"]').waitFor();
    expect(await numbersOf(again.page)).toEqual(seen);
    expect(await again.page.locator('.presets [aria-pressed="true"]').count()).toBe(1);
    // Reset goes back to the beginning of the same setting.
    await again.page.getByRole("button", { name: "Reset" }).click();
    await again.page.getByText("Start it, and this").waitFor();
    expect(again.page.url()).toContain("f=F2");
    expect([...faults, ...again.faults]).toEqual([]);
    await again.close();
  });

  it("says how far a shared result of many steps is, and copies a link to what is seen", async () => {
    const { page, faults, close } = await gallery.open("#/paper/rectified-flow?engine=wasm&at=60", {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.getByText(/Computing the shared result: step \d+ of 60/).waitFor();
    await page.locator('.views[data-steps="60"]').waitFor({ timeout: 60_000 });
    await page.getByText("Computing the shared result").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Copy link" }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(page.url());
    expect(copied).toContain("at=60");
    expect(faults).toEqual([]);
    await close();
  });

  it("says when the engine does not load, and tries again", async () => {
    const { page, close } = await gallery.open("#/paper/diffgrad?engine=wasm");
    await page.getByRole("button", { name: "Start" }).waitFor();
    await page.context().route(/\.wasm$/, (route) => route.abort());
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("alert").getByText("could not be loaded").waitFor();
    await page.context().unroute(/\.wasm$/);
    await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
    await page.locator(".stage .view").first().waitFor();
    await close();
  });

  it("offers Wasm where WebGPU cannot run a demo", async () => {
    // Its float64 parts are nothing for a graphics card.
    const { page, faults, close } = await gallery.open("#/paper/diffgrad?engine=webgpu");
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await page.getByRole("button", { name: "Use Wasm instead" }).click();
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await atRest(page);
    expect((await page.locator('.stage [role="status"]').allInnerTexts()).join()).toContain("Wasm");
    expect(page.url()).toContain("engine=wasm");
    expect(faults).toEqual([]);
    await close();
  });
});
