// Draws the pictures of the index's cards: `npm run pictures -- [id …]`, without ids those of all papers that are done.
// The demo's first preset runs here, by the demo's own code; Chromium only draws, for the light and the dark theme.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { demoState, picturedViews, type Demo, type View } from "fluxion/demo";
import { chromium, type Page } from "playwright-core";
import { artefacts } from "../../../papers/artefacts.js";
import { chromiumArgs, chromiumHelp, findChromium } from "../../../scripts/chromium.mjs";
import type { drawCard } from "./draw-card.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const [width, height] = [480, 300];
/** Largest picture, bytes. */
const most = 25_000;
/** Longest run, milliseconds. */
const patience = 60_000;
const themes = ["light", "dark"] as const;

/** The views of a demo's first preset that belong on its picture. */
async function viewsOf(demo: Demo): Promise<View[]> {
  const { picture, presets, controls } = demo;
  const run = await demo.create(demoState(controls, presets[0]!.state));
  const moments = new Set(picture?.at);
  const last = picture?.at ? Math.max(...picture.at) : Infinity;
  const taken: View[] = [];
  const take = async (): Promise<void> => void taken.push(...picturedViews(picture, await run.views()));
  const start = performance.now();
  for (let step = 1; step <= last && performance.now() - start < patience; step++) {
    if ((await run.step()) === "done") break;
    if (moments.has(step)) await take();
    // As on the page: what a demo compares with is what was seen before.
    else if (step % 10 === 0) await run.views();
  }
  if (!picture?.at) await take();
  await run.release();
  return taken;
}

async function openCanvas(): Promise<{ page: Page; close: () => Promise<void> }> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(chromiumHelp);
  const { outputFiles } = await build({
    entryPoints: [path.join(root, "apps/gallery/pictures/draw-card.ts")],
    ...{ bundle: true, write: false, format: "iife", target: "es2022", conditions: ["fluxion-source"] },
    ...{ jsx: "automatic", jsxImportSource: "preact" },
  });
  const browser = await chromium.launch({ args: chromiumArgs, executablePath });
  const page = await browser.newPage();
  await page.addStyleTag({ content: readFileSync(path.join(root, "apps/gallery/src/style.css"), "utf8") });
  await page.addScriptTag({ content: outputFiles[0]!.text });
  return { page, close: () => browser.close() };
}

/** The largest quality at which the picture is small enough. */
async function draw(page: Page, views: readonly View[]): Promise<Buffer> {
  for (const quality of [0.9, 0.8, 0.7, 0.6, 0.5]) {
    const address = await page.evaluate(
      ([views, width, height, quality]) =>
        (globalThis as unknown as { drawCard: typeof drawCard }).drawCard(views, width, height, quality),
      [views, width, height, quality] as const,
    );
    const bytes = Buffer.from(address.slice(address.indexOf(",") + 1), "base64");
    if (bytes.length <= most) return bytes;
  }
  throw new Error(`the picture has more than ${most} bytes even at low quality: show fewer things`);
}

const ids = process.argv.slice(2);
const known = Object.keys(artefacts) as (keyof typeof artefacts)[];
const unknown = ids.filter((id) => !(known as string[]).includes(id));
if (unknown.length > 0)
  throw new Error(`no such paper: ${unknown.join(", ")}; there are ${known.join(", ")}`);
const { page, close } = await openCanvas();
try {
  for (const id of known.filter((id) => ids.length === 0 || ids.includes(id))) {
    const { demo } = (await artefacts[id].demo()) as { demo: Demo };
    const views = await viewsOf(demo);
    const sizes: string[] = [];
    for (const theme of themes) {
      await page.evaluate((theme) => (document.documentElement.dataset["theme"] = theme), theme);
      const bytes = await draw(page, views);
      writeFileSync(path.join(root, "papers", id, `picture-${theme}.webp`), bytes);
      sizes.push(`${theme} ${(bytes.length / 1000).toFixed(1)} KB`);
    }
    console.log(`${id}: ${sizes.join(", ")}`);
  }
} finally {
  await close();
}
