// Views in space: drawn, turned, updated, freed; and what is seen without WebGL or without motion.
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { audit, screens, startGallery, type Gallery, type WatchedPage } from "./testing.js";

// Pictures of WebGL canvases are slow to take without a graphics card.
vi.setConfig({ testTimeout: 120_000 });

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
}, 120_000);
afterAll(() => gallery?.close());

/** Without a graphics card Chromium reads a WebGL canvas back for the picture of the page, and says that this is slow. */
const unexpected = ({ faults }: WatchedPage): string[] =>
  faults.filter((fault) => !fault.includes("GPU stall due to ReadPixels"));

/** What is seen of an element: bytes [H, W, 3]. */
async function seen(element: Locator): Promise<Uint8Array> {
  const { data } = await sharp(await element.screenshot())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return data;
}

/** Part of the pixels that are not as in the ground, which is the commonest colour. */
function drawn(pixels: Uint8Array): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < pixels.length; i += 3) {
    const colour = (pixels[i]! << 16) | (pixels[i + 1]! << 8) | pixels[i + 2]!;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return 1 - (3 * Math.max(...counts.values())) / pixels.length;
}

const differing = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((n, v, i) => n + Number(Math.abs(v - b[i]!) > 8), 0) / a.length;

const scripts = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .map((e) => e.name)
      .filter((name) => /\/scene-[^/]*\.js$/.test(name)),
  );

/** A page that keeps all WebGL contexts which it has ever made, or is refused them. */
async function open(hash: string, options: BrowserContextOptions & { webgl?: false } = {}) {
  const { webgl = true, ...rest } = options;
  const watched = await gallery.open("", rest);
  await watched.page.addInitScript((allowed) => {
    const made: WebGL2RenderingContext[] = [];
    Object.assign(globalThis, { made });
    const usual = Reflect.get(HTMLCanvasElement.prototype, "getContext") as (
      this: HTMLCanvasElement,
      kind: string,
      ...more: unknown[]
    ) => unknown;
    Object.assign(HTMLCanvasElement.prototype, {
      getContext(this: HTMLCanvasElement, kind: string, ...more: unknown[]): unknown {
        if (kind !== "webgl2") return usual.call(this, kind, ...more);
        if (!allowed) return null;
        const context = usual.call(this, kind, ...more) as WebGL2RenderingContext;
        if (!made.includes(context)) made.push(context);
        return context;
      },
    });
  }, webgl);
  await watched.page.goto(gallery.address(hash));
  await watched.page.reload();
  return watched;
}

const contexts = (page: Page): Promise<{ made: number; lost: number }> =>
  page.evaluate(() => {
    const { made } = globalThis as unknown as { made: WebGL2RenderingContext[] };
    return { made: made.length, lost: made.filter((c) => c.isContextLost()).length };
  });

it("shows a map with paths as a surface, turns it, keeps one context through updates, and frees it", async () => {
  const watched = await open("#/paper/adamp?engine=wasm");
  const { page } = watched;
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await page.locator('.views[data-status="paused"] .view').first().waitFor();
  expect(await scripts(page), "three.js before it is needed").toEqual([]);
  await page.getByRole("button", { name: "Surface" }).click();
  const canvas = page.locator('canvas[data-renderer="webgl"]');
  await canvas.waitFor();
  expect(await scripts(page)).toHaveLength(1);
  await expect.poll(async () => drawn(await seen(canvas)), { timeout: 15_000 }).toBeGreaterThan(0.1);
  // The hint is the picture's description; labels, keys and zoom work.
  expect(await page.locator(".space-labels span").allInnerTexts()).toEqual(
    expect.arrayContaining(["w₀", "f(w)"]),
  );
  await canvas.focus();
  // The first key brings the ring around what has the focus.
  await page.keyboard.press("0");
  const before = await seen(canvas);
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => differing(before, await seen(canvas))).toBeGreaterThan(0.02);
  await page.keyboard.press("0");
  await expect.poll(async () => differing(before, await seen(canvas))).toBeLessThan(0.01);
  // The mouse turns it, too.
  const box = (await canvas.boundingBox())!;
  await page.mouse.move(box.x + 100, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + 180, box.y + 120, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => differing(before, await seen(canvas))).toBeGreaterThan(0.02);
  // Many updates: the paths grow, the context stays.
  const path = page.locator('.view data[data-name="with momentum"]').first();
  const short = Number(await path.getAttribute("data-count"));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator('.views[data-status="done"]').waitFor();
  await expect.poll(async () => Number(await path.getAttribute("data-count"))).toBeGreaterThan(short);
  expect(await contexts(page)).toEqual({ made: 1, lost: 0 });
  expect(drawn(await seen(canvas))).toBeGreaterThan(0.1);
  expect(await audit(page)).toEqual([]);
  await page.screenshot({ path: `${screens}/surface.png`, fullPage: true });
  // There and back more often than a browser has contexts.
  for (let i = 0; i < 18; i++) {
    await page.getByRole("button", { name: "Map", exact: true }).click();
    await page.getByRole("button", { name: "Surface" }).click();
    await canvas.waitFor();
  }
  expect(await contexts(page)).toEqual({ made: 19, lost: 18 });
  await page.evaluate(() => (location.hash = "#/"));
  await page.locator(".card").first().waitFor();
  await expect.poll(() => contexts(page)).toEqual({ made: 19, lost: 19 });
  expect(unexpected(watched)).toEqual([]);
  await watched.close();
});

it("draws a paper in three dimensions, on a phone and in the dark", async () => {
  const look = { viewport: { width: 375, height: 740 }, hasTouch: true, colorScheme: "dark" } as const;
  const watched = await open("#/paper/deep-conjugate-direction?engine=wasm&grid=16x16x16&training=20", look);
  const { page } = watched;
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.locator('.views[data-status="done"]').waitFor({ timeout: 60_000 });
  const canvases = page.locator('canvas[data-renderer="webgl"]');
  expect(await canvases.count()).toBe(2);
  for (const canvas of await canvases.all()) {
    await canvas.scrollIntoViewIfNeeded();
    await expect.poll(async () => drawn(await seen(canvas)), { timeout: 15_000 }).toBeGreaterThan(0.05);
  }
  const cells = await page.locator('.view data[data-name="cells"]').first().getAttribute("data-count");
  expect(Number(cells)).toBeGreaterThan(100);
  expect(await audit(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.locator(".stage .views").screenshot({ path: `${screens}/space-phone.png` });
  expect(unexpected(watched)).toEqual([]);
  await watched.close();
});

it("draws scenes without WebGL, too, and says so", async () => {
  const watched = await open("#/paper/adamp?engine=wasm", { webgl: false });
  const { page } = watched;
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await page.locator('.views[data-status="paused"] .view').first().waitFor();
  await page.getByRole("button", { name: "Surface" }).click();
  const canvas = page.locator('canvas[data-renderer="canvas"]');
  await canvas.waitFor();
  await page.getByText("Drawn without WebGL").waitFor();
  await expect.poll(async () => drawn(await seen(canvas)), { timeout: 15_000 }).toBeGreaterThan(0.1);
  await canvas.focus();
  // The first key brings the ring around what has the focus.
  await page.keyboard.press("0");
  const before = await seen(canvas);
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
  await expect.poll(async () => differing(before, await seen(canvas))).toBeGreaterThan(0.02);
  expect(unexpected(watched)).toEqual([]);
  await watched.close();
});

it("moves particles along their paths, but not for somebody who wants less motion", async () => {
  for (const reducedMotion of ["no-preference", "reduce"] as const) {
    const watched = await open("#/paper/rectified-flow?engine=wasm", { reducedMotion });
    const { page } = watched;
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await page.locator('.views[data-status="paused"] .view').first().waitFor();
    const canvas = page.locator(".view.paths canvas").first();
    await canvas.scrollIntoViewIfNeeded();
    const pictures: Uint8Array[] = [];
    for (let i = 0; i < 4; i++) {
      pictures.push(await seen(canvas));
      await page.waitForTimeout(300);
    }
    const moved = Math.max(...pictures.map((picture) => differing(pictures[0]!, picture)));
    if (reducedMotion === "reduce") expect(moved).toBe(0);
    else expect(moved).toBeGreaterThan(0);
    expect(unexpected(watched)).toEqual([]);
    await watched.close();
  }
});
