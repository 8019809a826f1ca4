import { readFileSync } from "node:fs";
import path from "node:path";
import { random } from "fluxion";
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
