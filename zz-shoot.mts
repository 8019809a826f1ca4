import { startGallery, audit } from "./apps/gallery/testing.js";
const gallery = await startGallery("zz");
const { page, faults, close } = await gallery.open("#/onnx");
const idle = () => page.locator('[data-busy=""]').waitFor({ timeout: 90000 });
const shot = async (n: string) => { await page.waitForTimeout(300); await page.screenshot({ path: `/tmp/zz-${n}.png`, fullPage: true }); };
await shot("onnx-empty");
let t = Date.now();
const lap = (s: string) => { console.log(s, ((Date.now() - t) / 1000).toFixed(1)); t = Date.now(); };
for (const name of ["Garment classifier", "Untrained transformer"]) {
  await page.getByRole("button", { name }).click();
  await page.locator(".predictions li").first().waitFor({ timeout: 90000 }); await idle(); lap("predicted");
  await page.getByRole("button", { name: "Differentiate" }).click();
  await page.waitForTimeout(100); await idle(); lap("gradient");
  await shot("onnx-before-" + name[0]);
  await page.getByRole("button", { name: /Tune for/ }).click();
  await page.getByRole("button", { name: /Go on/ }).waitFor({ timeout: 120000 }); await idle(); lap("tuned");
  console.log(await page.locator(".accuracies").innerText());
  await shot("onnx-after-" + name[0]);
  console.log(page.url(), await audit(page));
}
console.log(faults);
await close();
await gallery.close();
