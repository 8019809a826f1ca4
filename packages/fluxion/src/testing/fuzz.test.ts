import fc from "fast-check";
import { expect, it } from "vitest";
import { placeholder } from "../core/tensor.js";
import { checkProgram } from "./check-program.js";
import { programs, programText, runProgram } from "./random-program.js";

it(
  "500 random programs: value and gradient compiled, interpreted and by differences",
  { timeout: 300_000 },
  async () => {
    await fc.assert(fc.asyncProperty(programs(), checkProgram), { numRuns: 500, seed: 20261123 });
  },
);

it("the same spec gives the same program, whose text names every value", () => {
  const [spec] = fc.sample(programs(), { seed: 5, numRuns: 1 });
  const inputs = spec!.inputs.map((shape) => placeholder(shape, spec!.dtype));
  expect(programText(spec!, inputs)).toBe(programText(spec!, inputs));
  expect(runProgram(spec!, inputs).results.length).toBeGreaterThan(0);
});
