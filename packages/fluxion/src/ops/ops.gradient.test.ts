import { describe, expect, it } from "vitest";
import * as family from "./index.js";
import { opCases, valueCases } from "../testing/cases/index.js";
import { checkGradient } from "../testing/gradient-check.js";

it("has a case for every public operator", () => {
  const listed = new Set([...Object.keys(opCases), ...Object.keys(valueCases)]);
  expect(Object.keys(family).filter((name) => !listed.has(name))).toEqual([]);
  expect([...listed].filter((name) => !(name in family))).toEqual([]);
});

describe("derivatives against central differences in double", () => {
  for (const [name, cases] of Object.entries(opCases)) {
    it(name, { timeout: 30_000 }, async () => {
      for (const { f, at, engine, second, tolerance } of cases) {
        await checkGradient(f, at, {
          ...(engine && { engine }),
          ...(second !== undefined && { second }),
          ...(tolerance && { tolerance }),
        });
      }
    });
  }
});
