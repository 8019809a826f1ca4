import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, it, vi } from "vitest";

const examples = readdirSync(import.meta.dirname).filter((file) => /^\d\d-.*\.ts$/.test(file));

it.each(examples)("%s runs and prints its result", async (file) => {
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(/* @vite-ignore */ path.join(import.meta.dirname, file));
  expect(print).toHaveBeenCalled();
  print.mockRestore();
});
