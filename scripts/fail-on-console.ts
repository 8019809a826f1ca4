// Library code never prints: a test that makes it print fails. A test that expects output replaces the method itself
// (`vi.spyOn(console, "log").mockImplementation(...)`), which hides it from this check.
import { format } from "node:util";
import { afterEach, beforeEach, expect } from "vitest";

const methods = ["debug", "error", "info", "log", "table", "trace", "warn"] as const;
let printed: string[] = [];

beforeEach(() => {
  printed = [];
});

afterEach(() => {
  expect(printed, "console output during a test").toEqual([]);
});

for (const method of methods) {
  console[method] = (...words: unknown[]) => {
    printed.push(`console.${method}: ${format(...words)}`);
  };
}
