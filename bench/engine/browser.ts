// The same steps in headless Chromium, on Wasm with two threads.
import path from "node:path";
import { chromium } from "playwright-core";
import { build, preview } from "vite";
import { chromiumArgs, findChromium } from "../../scripts/chromium.mjs";
import type { BenchPage } from "./browser/page.js";
import type { CaseName } from "./cases.js";
import type { Outcome } from "../timing.js";

const root = path.join(import.meta.dirname, "browser");
const outDir = path.resolve(import.meta.dirname, "..", "..", ".cache", "bench-browser");
const THREADS = 2;

/** Wasm threads need SharedArrayBuffer, which a page only has when it is cross-origin isolated. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * Times training steps in Chromium.
 * @throws Error if there is no Chromium
 */
export async function inBrowser(
  names: readonly CaseName[],
  reps: number,
): Promise<Partial<Record<CaseName, Outcome>>> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("no Chromium");
  await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true, target: "esnext" } });
  const server = await preview({
    root,
    logLevel: "error",
    build: { outDir },
    preview: { port: 0, host: "127.0.0.1", headers },
  });
  const browser = await chromium.launch({ args: chromiumArgs, executablePath });
  try {
    const outcomes: Partial<Record<CaseName, Outcome>> = {};
    for (const name of names) {
      // A page of its own for each, so that one's memory does not weigh on the next.
      const page = await browser.newPage();
      await page.goto(server.resolvedUrls?.local[0] ?? "");
      await page.waitForFunction(() => document.title === "ready");
      outcomes[name] = await page.evaluate(
        ([name, reps, threads]) =>
          (globalThis as unknown as { bench: BenchPage }).bench.run(name, reps, threads),
        [name, reps, THREADS] as const,
      );
      await page.close();
    }
    return outcomes;
  } finally {
    await browser.close();
    await server.close();
  }
}
