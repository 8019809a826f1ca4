import { readFileSync } from "node:fs";
import path from "node:path";
import { random, treePaths } from "fluxion";
import { importOnnx } from "fluxion/onnx";
import { afterAll, beforeAll, expect, it } from "vitest";
import { screens, startGallery, type Gallery } from "./testing.js";

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery("playgrounds");
}, 120_000);
afterAll(() => gallery?.close());

it("straightens what was drawn, and gives the sampler as an ONNX file", async () => {
  const { page, faults, close } = await gallery.open("#/straighten");
  await page.getByRole("button", { name: "Clear" }).click();
  const box = (await page.locator(".pad").boundingBox())!;
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 240, box.y + 240, { steps: 60 });
  await page.mouse.up();
  await page.locator('input[name="steps"]').fill("100");
  await page.getByRole("button", { name: "Train and straighten" }).click();
  await page.locator('.views[data-status="done"]').waitFor({ timeout: 50_000 });
  const distances = page.locator('data[data-name="after reflow"]');
  expect(Number(await distances.getAttribute("value"))).toBeGreaterThan(0);
  await page.screenshot({ path: path.join(screens, "straighten.png"), fullPage: true });
  const loading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download ONNX" }).click();
  const model = importOnnx(readFileSync(await (await loading).path()));
  const [points] = model.apply(model.params, random.normal(random.key(0), [7, 2]));
  expect(points!.shape).toEqual([7, 2]);
  expect([...(await points!.data())].every(Number.isFinite)).toBe(true);
  expect(faults).toEqual([]);
  await close();
});

it("takes the dark parts of a picture, and says when a file is none", async () => {
  const { page, faults, close } = await gallery.open("#/straighten");
  const file = page.locator('input[type="file"]');
  await page.getByText("300 points").waitFor();
  const picture = await page.locator(".pad").screenshot();
  await file.setInputFiles({ name: "words.png", mimeType: "image/png", buffer: picture });
  await page.getByText("300 points").waitFor({ state: "detached" });
  expect(parseInt(await page.getByText(/^\d+ points$/).innerText())).toBeGreaterThan(50);
  await file.setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.getByRole("alert").getByText("not a picture").waitFor();
  expect(faults).toEqual([]);
  await close();
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
