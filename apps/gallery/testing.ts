// A built gallery behind a plain file host, and Chromium in front of it.
import { createReadStream, existsSync, mkdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { inject } from "vitest";
import { chromiumArgs, findChromium } from "../../scripts/chromium.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = path.join(root, ".cache");
/** Pictures of the pages, kept for people to look at. */
export const screens = path.join(cache, "gallery-screens");
/** The site is served from below a path, not from the root. */
const below = "/some/where/";

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** An open gallery. */
export interface Gallery extends Omit<Host, "close"> {
  /** A page that notes what goes wrong in it. */
  readonly open: (hash: string, options?: BrowserContextOptions) => Promise<WatchedPage>;
  readonly browser: Browser;
  readonly close: () => Promise<void>;
}

/** A page with what it should not have done. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, requests to elsewhere, failed requests. */
  readonly faults: string[];
  readonly close: () => Promise<void>;
}

/** Serves a folder below a path, as a host does that knows nothing of what is in it. */
export interface Host {
  readonly origin: string;
  /** Address of a route such as "#/paper/tract". */
  readonly address: (hash: string) => string;
  readonly close: () => void;
}

/** @param folder of the site, asked at every request */
export async function serve(folder: () => string): Promise<Host> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url!, "http://host").pathname);
    const file = path.join(folder(), name.slice(below.length) || "index.html");
    if (
      !name.startsWith(below) ||
      !file.startsWith(folder()) ||
      !existsSync(file) ||
      !statSync(file).isFile()
    ) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": types[path.extname(file)] ?? "application/octet-stream",
      "content-length": statSync(file).size,
    });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    address: (hash) => `${origin}${below}${hash}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Serves the built gallery and starts a browser. @param folder default the site of all tests */
export async function startGallery(folder = () => inject("gallerySite")): Promise<Gallery> {
  mkdirSync(screens, { recursive: true });
  const host = await serve(folder);
  const executablePath = findChromium();
  const browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) });
  return {
    ...{ ...host, browser },
    open: (hash, options) => openPage(browser, host.origin, host.address(hash), options),
    async close() {
      await browser.close();
      host.close();
    },
  };
}

async function openPage(
  browser: Browser,
  origin: string,
  address: string,
  options?: BrowserContextOptions,
): Promise<WatchedPage> {
  // Every test would fetch all of the site again.
  const context = await browser.newContext({
    ...{ viewport: { width: 1200, height: 900 }, serviceWorkers: "block" },
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    // Said by the driver itself, of what it was told to do.
    if (message.text() === "Service Worker registration blocked by Playwright") return;
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  context.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(?:data|blob):/.test(request.url())) {
      faults.push(`request: ${request.url()}`);
    }
  });
  context.on("response", (response) => {
    if (response.status() >= 400) faults.push(`HTTP ${response.status()}: ${response.url()}`);
  });
  await page.goto(address);
  return { page, faults, close: () => context.close() };
}

/** What an automated audit finds wrong. */
export async function audit(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }),
  );
  return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" | ")}`);
}

/** The demo's steps so far and its state. */
export const progressOf = (page: Page): Promise<{ steps: number; status: string }> =>
  page.locator(".stage .views").evaluate((e) => ({
    steps: Number((e as HTMLElement).dataset["steps"]),
    status: (e as HTMLElement).dataset["status"]!,
  }));

/** Waits until the demo does not compute. @throws Error with what the page says if it failed */
export async function atRest(page: Page, timeout = 60_000): Promise<void> {
  await page
    .locator('.stage .views[data-status="paused"], .stage .views[data-status="done"], .stage .failure')
    .first()
    .waitFor({ timeout });
  const failure = page.locator(".stage .failure");
  if ((await failure.count()) > 0) throw new Error(await failure.innerText());
}

/** Milliseconds of the demo's recent steps, and what computes them. */
export async function speedOf(page: Page): Promise<{ pace: number; engine: string }> {
  const views = page.locator(".stage .views");
  const status = await page.locator('.stage [role="status"]').last().innerText();
  return {
    pace: Number(await views.getAttribute("data-pace")),
    engine: /(?:Wasm, \d+ threads?|WebGPU[^·]*)/.exec(status)?.[0].trim() ?? "",
  };
}

/** Every number that the demo shows. */
export const numbersOf = (page: Page): Promise<number[]> =>
  page
    .locator(".view dd, .view data[value]")
    .evaluateAll((list) =>
      list.map((e) => Number(e instanceof HTMLDataElement ? e.value : (e as HTMLElement).dataset["value"])),
    );
