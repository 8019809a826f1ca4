import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, inject, it } from "vitest";
import { sizesOf, sizeTable } from "./sizes.js";
import { noteSpeed } from "./speeds.js";
import { screens } from "./testing.js";

it("the parts of the site keep to their sizes", () => {
  const sizes = sizesOf(inject("gallerySite"));
  writeFileSync(path.join(screens, "sizes.txt"), `${sizeTable(sizes)}\n`);
  const [script, styles, page, pageStyles, wasm, webgpu] = sizes.map((s) => s.bytes);
  // Less than this is another part than is meant.
  expect(script).toBeGreaterThan(10_000);
  expect(script).toBeLessThan(200_000);
  expect(styles).toBeLessThan(30_000);
  expect(pageStyles).toBeGreaterThan(1000);
  expect(page).toBeGreaterThan(10_000);
  expect(sizes[2]!.compressed).toBeLessThan(100_000);
  expect(wasm).toBeGreaterThan(5_000_000);
  expect(wasm).toBeLessThan(16_000_000);
  expect(webgpu).toBeGreaterThan(wasm!);
  expect(webgpu).toBeLessThan(30_000_000);
});

it("speeds of demos are noted one by one", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "speeds-"));
  noteSpeed(folder, "b", 12.345, "Wasm, 1 thread");
  noteSpeed(folder, "a", 500, "WebGPU");
  noteSpeed(folder, "b", 10, "Wasm, 2 threads");
  noteSpeed(folder, "c", 0, "Wasm, 1 thread");
  const speeds = JSON.parse(readFileSync(path.join(folder, "speeds.json"), "utf8")) as object;
  expect(speeds).toMatchObject({ a: { pace: 500 }, b: { pace: 10, engine: "Wasm, 2 threads" } });
  const rows = readFileSync(path.join(folder, "speeds.md"), "utf8").split("\n").slice(4);
  expect(rows[0]).toMatch(/^\| a \| WebGPU \| 500 \| 2 \|/);
  expect(rows[1]).toMatch(/^\| b \| Wasm, 2 threads \| 10 \| 100 \|/);
  expect(rows[2]).toMatch(/^\| c \| Wasm, 1 thread \| < 0.05 \| \|/);
  rmSync(folder, { recursive: true });
});
