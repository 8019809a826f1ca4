// The service worker: the site without network, threads on a plain host, a new version in place of an old one.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { startGallery, type Gallery } from "./testing.js";

const allow = { serviceWorkers: "allow" } as const;
let folder: string;
let gallery: Gallery;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "gallery-"));
  cpSync(inject("gallerySite"), folder, { recursive: true });
  gallery = await startGallery(() => folder);
}, 120_000);
afterAll(async () => {
  await gallery.close();
  rmSync(folder, { recursive: true, force: true });
});

const whenKept = (page: Page): Promise<void> => page.getByText("work without network").waitFor();
const stepped = (page: Page): Promise<void> =>
  page.locator('.stage .views[data-steps="1"][data-status="paused"]').waitFor();

describe("service worker", { timeout: 120_000 }, () => {
  it("keeps the site for use without network, and isolates it for threads", async () => {
    const { page, faults, close } = await gallery.open("#/paper/adamp?engine=wasm", allow);
    await whenKept(page);
    // The first visit computes with one thread and offers more.
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await stepped(page);
    const status = page.locator('.stage p[role="status"]');
    expect(await status.innerText()).toMatch(/Wasm, 1 thread /);
    await page.getByRole("button", { name: /reload for \d threads/ }).click();
    await expect.poll(() => page.evaluate(() => crossOriginIsolated)).toBe(true);
    // The state was kept in the address.
    await stepped(page);
    expect(await status.innerText()).toMatch(/Wasm, [2-4] threads/);
    expect(faults).toEqual([]);

    // The host is gone.
    folder = path.join(folder, "nowhere");
    await page.reload();
    await page.locator('.stage .views[data-status="paused"]').waitFor();
    // A page never seen before, and a demo on the engine that was kept.
    await page.goto(gallery.address("#/"));
    await page.locator(".card").first().waitFor();
    await page.goto(gallery.address("#/paper/rectified-flow?engine=wasm"));
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await stepped(page);
    for (const place of ["straighten", "onnx"]) {
      await page.goto(gallery.address(`#/${place}`));
      await page.locator(".stage").waitFor();
    }
    folder = path.dirname(folder);
    await close();
  });

  it("changes to a new version when the reader says so", async () => {
    const { page, close } = await gallery.open("", allow);
    await whenKept(page);
    for (const file of ["index.html", "sw.js"]) {
      const text = readFileSync(path.join(folder, file), "utf8");
      const changed =
        file === "sw.js"
          ? text.replace(/(["'`]index\.html["'`],revision:["'`])\w+/, "$1new")
          : text.replace("<title>", '<title data-version="new">');
      expect(changed).not.toBe(text);
      writeFileSync(path.join(folder, file), changed);
    }
    const version = (): Promise<string | undefined> =>
      page.evaluate(() => document.querySelector("title")!.dataset["version"]);
    await page.reload();
    expect(await version()).toBeUndefined();
    await page.getByRole("button", { name: "Change to it" }).click();
    await expect.poll(version).toBe("new");
    await page.locator(".card").first().waitFor();
    await close();
  });

  it("an old page without service worker gets over a new version", async () => {
    const { page, close } = await gallery.open("");
    await page.locator(".card").first().waitFor();
    // All of the new version has other names.
    renameSync(path.join(folder, "assets"), path.join(folder, "newer"));
    const index = path.join(folder, "index.html");
    writeFileSync(index, readFileSync(index, "utf8").replaceAll("./assets/", "./newer/"));
    await page.getByRole("link", { name: "Straighten your own" }).click();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Reload the page" }).click();
    await page.locator(".stage").waitFor();
    await close();
  });
});
