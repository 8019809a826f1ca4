import { readFileSync } from "node:fs";
import path from "node:path";
import { random, treePaths } from "fluxion";
import { importOnnx } from "fluxion/onnx";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audit, screens, startGallery, type Gallery } from "./testing.js";

const phone = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true } as const;

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
}, 120_000);
afterAll(() => gallery?.close());

/** What a flow on the page reaches: the smaller of the shares on the drawing and covered, and its straightness. */
const flowOn = (page: Page, name: string): Promise<{ reached: number; straightness: number }> =>
  page.locator(`[data-flow="${name}"]`).evaluate((e) => {
    const { share, cover, straightness } = (e as HTMLElement).dataset;
    return { reached: Math.min(Number(share), Number(cover)), straightness: Number(straightness) };
  });
const shoot = async (page: Page, name: string): Promise<void> => {
  await page.waitForTimeout(200);
  await page.screenshot({ path: path.join(screens, `${name}.png`), fullPage: true });
};

describe("straighten your own", () => {
  it("straightens what was drawn and gives the sampler as an ONNX file", async () => {
    const { page, faults, close } = await gallery.open("#/straighten?training=200&engine=wasm");
    await page.getByRole("button", { name: "Clear" }).click();
    const box = (await page.locator(".pad").boundingBox())!;
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 240, box.y + 240, { steps: 60 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Train and straighten" }).click();
    await page.getByText(/First training: \d+ of 200/).waitFor();
    await page.locator('.result[data-status="done"]').waitFor({ timeout: 40_000 });
    const [before, after] = [await flowOn(page, "First flow"), await flowOn(page, "After reflow")];
    // One step of the first flow misses; after reflow it does not, for its paths are straight.
    expect(after.straightness).toBeLessThan(0.1 * before.straightness);
    expect(after.reached).toBeGreaterThan(before.reached + 0.3);
    await page.getByRole("button", { name: "40 steps" }).click();
    await expect
      .poll(async () => (await flowOn(page, "First flow")).reached)
      .toBeGreaterThan(before.reached + 0.3);
    await shoot(page, "straighten");
    expect(await audit(page)).toEqual([]);
    await page.getByRole("button", { name: "Change to the dark theme" }).click();
    await shoot(page, "straighten-dark-done");
    expect(await audit(page)).toEqual([]);

    const loading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download ONNX" }).click();
    const model = importOnnx(readFileSync(await (await loading).path()));
    const [points] = model.apply(model.params, random.normal(random.key(0), [7, 2]));
    expect(points!.shape).toEqual([7, 2]);
    expect([...(await points!.data())].every(Number.isFinite)).toBe(true);

    await expect.poll(() => page.url()).toMatch(/draw=.*compare=40.*at=\d/);
    expect(page.url().length).toBeLessThan(4096);
    expect(faults).toEqual([]);
    await close();
  });

  it("computes a link's result again", async () => {
    const hash = "#/straighten?training=200&seed=3&shape=heart&engine=wasm&compare=40&at=3";
    const seen = [];
    for (let i = 0; i < 2; i++) {
      const { page, faults, close } = await gallery.open(hash);
      await page.locator('.result[data-status="paused"][data-steps="3"]').waitFor({ timeout: 40_000 });
      await page.getByText("First training: 60 of 200").waitFor();
      seen.push(await flowOn(page, "First flow"));
      await expect.poll(() => page.url()).toContain(hash);
      expect(faults).toEqual([]);
      await close();
    }
    expect(seen[0]!.reached).toBeGreaterThan(0);
    expect(seen[1]).toEqual(seen[0]);
  });

  it("is drawn in by keys, undone and cleared; shapes stand in the address", async () => {
    const { page, faults, close } = await gallery.open("#/straighten?draw=damaged&compare=3");
    // What makes no sense is left out.
    await page.getByText("150 points").waitFor();
    await page.getByRole("button", { name: "Heart" }).click();
    await expect.poll(() => page.url()).toContain("shape=heart");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("0 points", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Train and straighten" }).isDisabled()).toBe(true);
    await page.locator(".pad").focus();
    for (const key of ["ArrowLeft", "Space", "ArrowUp", "ArrowUp", "ArrowRight", "Space", "ArrowRight"]) {
      await page.keyboard.press(key);
    }
    await page.getByText("4 points", { exact: true }).waitFor();
    for (const key of ["Enter", "ArrowDown", "Enter"]) await page.keyboard.press(key);
    await page.getByText("6 points", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("4 points", { exact: true }).waitFor();
    await expect.poll(() => page.url()).toContain("draw=");
    expect(await page.getByRole("button", { name: "Train and straighten" }).isEnabled()).toBe(true);
    expect(faults).toEqual([]);
    await close();
  });

  it("takes the dark parts of a picture, and says when a file is none", async () => {
    const { page, faults, close } = await gallery.open("#/straighten", phone);
    const file = page.locator('input[type="file"]');
    await page.getByText("150 points").waitFor();
    const picture = await page.locator(".pad").screenshot();
    await file.setInputFiles({ name: "words.png", mimeType: "image/png", buffer: picture });
    await page.getByText("150 points").waitFor({ state: "detached" });
    expect(parseInt(await page.getByText(/^\d+ points$/).innerText())).toBeGreaterThan(300);
    await shoot(page, "straighten-picture-phone");
    await file.setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await page.getByRole("alert").getByText("not a picture").waitFor();
    const grey = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(8, 8);
      canvas.getContext("2d")!.fillRect(0, 0, 8, 8);
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    });
    await file.setInputFiles({ name: "black.png", mimeType: "image/png", buffer: Buffer.from(grey) });
    await page.getByRole("alert").getByText("of one colour").waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});

it("reads an ONNX file, differentiates it, tunes it on images and gives it back", async () => {
  const { page, faults, close } = await gallery.open("#/onnx");
  const features = new URL("../../packages/fluxion/assets/features/fashion-mnist.onnx", import.meta.url);
  const bytes = readFileSync(features);
  await page.locator('input[name="model"]').setInputFiles({ name: "f.onnx", mimeType: "", buffer: bytes });
  await page.getByText("FLOPs").waitFor();
  await page.getByRole("button", { name: "Differentiate" }).click();
  await page.getByText("its gradient is below").waitFor();
  const norms = await page
    .locator("[data-gradient]")
    .evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset["gradient"])));
  const before = importOnnx(bytes);
  expect(norms.length).toBe(treePaths(before.params).length);
  expect(norms.every(Number.isFinite) && norms.some((norm) => norm > 0)).toBe(true);
  for (const [label, hash] of [
    [2, "#/"],
    [7, "#/onnx"],
  ] as const) {
    const other = await gallery.open(hash);
    const picture = await other.page.screenshot();
    await other.close();
    await page.locator('input[name="label"]').fill(String(label));
    const images = [{ name: "a.png", mimeType: "image/png", buffer: picture }];
    await page.locator('input[name="images"]').setInputFiles(images);
    await page.getByText(`class ${label}: 1`).waitFor();
  }
  await page.getByRole("button", { name: "Tune for 40 steps" }).click();
  await page.getByText("Tuned; the loss is").waitFor();
  const curve = page.locator('data[data-name="loss"]');
  const [first, last] = [await curve.getAttribute("data-first"), await curve.getAttribute("value")];
  expect(Number(last)).toBeLessThan(Number(first));
  await page.screenshot({ path: path.join(screens, "onnx.png"), fullPage: true });
  const loading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download ONNX" }).click();
  const after = importOnnx(readFileSync(await (await loading).path()));
  expect(after.inputs.map((v) => v.name)).toEqual(before.inputs.map((v) => v.name));
  const x = random.uniform(random.key(0), [3, 1, 28, 28]);
  const scores = [before, after].map((m) => m.apply(m.params, x).at(-1)!);
  expect(scores[1]!.shape).toEqual(scores[0]!.shape);
  expect([...(await scores[1]!.data())]).not.toEqual([...(await scores[0]!.data())]);
  // What is no model is refused.
  await page
    .locator('input[name="model"]')
    .setInputFiles({ name: "no.onnx", mimeType: "", buffer: Buffer.from("no") });
  await page.getByRole("alert").waitFor();
  expect(faults).toEqual([]);
  await close();
});
