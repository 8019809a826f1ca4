// What computes: WebGPU where it is a graphics card, Wasm where it is not or where WebGPU refuses, and a device that is lost.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { atRest, numbersOf, startGallery, type Gallery } from "./testing.js";

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
}, 120_000);
afterAll(() => gallery?.close());

const statusOf = (page: Page): Promise<string> => page.locator('.stage [role="status"]').last().innerText();
const step = (page: Page): Promise<void> => page.getByRole("button", { name: "Step", exact: true }).click();

/** There is no graphics card here: the software adapter passes for one in the demo's worker. */
const asCard = `Object.defineProperty(GPUAdapter.prototype, "info", {
  get: () => ({ vendor: "some", architecture: "card", description: "", isFallbackAdapter: false }),
});\n`;
const withoutWebGpu = `Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined });\n`;

/** Opens a page whose demo's worker runs `first` before anything else. */
async function openWith(first: string, hash: string) {
  const opened = await gallery.open("");
  await opened.page.context().route(/\/demo\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: first + (await response.text()) });
  });
  await opened.page.goto(gallery.address(hash));
  return opened;
}

describe("engine", { timeout: 120_000 }, () => {
  it("WebGPU takes steps, with the numbers that Wasm has", async () => {
    const numbers: number[][] = [];
    for (const engine of ["webgpu", "wasm"]) {
      const { page, faults, close } = await gallery.open(`#/paper/adadagrad?engine=${engine}&at=2`);
      await atRest(page, 100_000);
      expect(await statusOf(page)).toContain(engine === "webgpu" ? "WebGPU (google swiftshader)" : "Wasm");
      numbers.push(await numbersOf(page));
      expect(faults).toEqual([]);
      await close();
    }
    const [gpu, wasm] = numbers;
    expect(gpu!.length).toBeGreaterThan(3);
    expect(gpu!.every(Number.isFinite)).toBe(true);
    // AdaGrad's first updates are nearly signs, which turn rounding into whole digits after a dozen of them.
    gpu!.forEach((value, i) => expect(Math.abs(value / wasm![i]! - 1), `number ${i}`).toBeLessThan(0.01));
  });

  it("by itself it is Wasm where WebGPU is software, and WebGPU where it is a graphics card", async () => {
    const software = await gallery.open("#/paper/low-rank-completion");
    await step(software.page);
    await atRest(software.page);
    expect(await statusOf(software.page)).toMatch(/Wasm, 1 thread .*WebGPU is software here/);
    const card = await openWith(asCard, "#/paper/low-rank-completion");
    await step(card.page);
    await atRest(card.page);
    expect(await statusOf(card.page)).toContain("WebGPU (some card)");
    expect([...software.faults, ...card.faults]).toEqual([]);
    await Promise.all([software.close(), card.close()]);
  });

  it("goes over to Wasm by itself where WebGPU refuses a demo, says so, and does not ask again", async () => {
    const { page, faults, close } = await openWith(asCard, "#/paper/diffgrad");
    const modules: string[] = [];
    page.on("request", (request) => {
      const found = /[^/]*\.wasm$/.exec(request.url());
      if (found) modules.push(found[0].includes("asyncify") ? "WebGPU" : "Wasm");
    });
    await step(page);
    await atRest(page);
    expect(await statusOf(page)).toMatch(/^1 step · Wasm, 1 thread .*WebGPU cannot run this demo/);
    await page.getByText("Why not WebGPU").click();
    await page.getByText("want float32 on webgpu, got a program in float64").waitFor();
    await page.locator(".presets button").nth(1).click();
    await step(page);
    await atRest(page);
    expect(await statusOf(page)).toContain("WebGPU cannot run this demo");
    expect(modules).toEqual(["WebGPU", "Wasm", "Wasm"]);
    expect(faults).toEqual([]);
    await close();
  });

  it("works where there is no WebGPU, and offers Wasm to who asks for it", async () => {
    const { page, faults, close } = await openWith(withoutWebGpu, "#/paper/diffgrad");
    await step(page);
    await atRest(page);
    expect(await statusOf(page)).toMatch(/^1 step · Wasm, 1 thread/);
    expect(await statusOf(page)).not.toContain("WebGPU");
    await page.getByLabel("Runs on").selectOption("webgpu");
    await step(page);
    await page.getByRole("alert").getByText("This browser offers no WebGPU adapter.").waitFor();
    await page.getByRole("button", { name: "Use Wasm instead" }).click();
    await step(page);
    await atRest(page);
    expect(await statusOf(page)).toMatch(/^1 step · Wasm/);
    expect(faults).toEqual([]);
    await close();
  });

  it("says when the graphics device was lost, keeps what is to be seen, and tries again", async () => {
    const { page, close } = await openWith(asCard, "#/paper/adadagrad");
    await page.getByRole("button", { name: "Start" }).click();
    await page.waitForFunction(
      () => Number(document.querySelector<HTMLElement>(".stage .views")!.dataset["steps"]) >= 1,
      undefined,
      { timeout: 60_000 },
    );
    const browser = await gallery.browser.newBrowserCDPSession();
    await browser.send("Browser.crashGpuProcess");
    const alert = page.getByRole("alert");
    await alert.getByText("The graphics device was lost").waitFor();
    expect(await page.locator(".stage .view").count()).toBeGreaterThan(0);
    expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(0);
    expect(await alert.getByRole("button", { name: "Use Wasm instead" }).count()).toBe(1);
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.locator('.stage .views[data-status="running"]').waitFor({ timeout: 60_000 });
    expect(await statusOf(page)).toContain("WebGPU (some card)");
    await close();
  });
});
