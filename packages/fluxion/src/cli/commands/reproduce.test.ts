import { afterEach, expect, it, vi } from "vitest";
import type { ClaimOutcome } from "../../claims/index.js";
import { run } from "../program.js";

const outcome = vi.hoisted(() => {
  const box: { now?: unknown; given?: unknown } = {};
  return box;
});
vi.mock("../../claims/node/index.js", () => ({
  loadArtefacts: () => Promise.resolve({}),
  reproduce(_: string, options: { tier: string; record: object }) {
    outcome.given = { tier: options.tier, record: Object.keys(options.record) };
    return Promise.resolve(outcome.now);
  },
}));

const check = { name: "error", value: 0.25, sense: "at most", bar: 0.5, passed: true } as const;
const passing: ClaimOutcome = {
  ...{
    id: "toy",
    tier: "quick",
    passed: true,
    checks: [check],
    reported: [],
    seeds: [1, 2],
    seconds: 1.5,
    figures: [{}, {}],
  },
};
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** What `fluxion reproduce` printed, and its exit code. */
async function reproduce(...args: string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => lines.push(line));
  const code = await run(["node", "fluxion", "reproduce", "toy", ...args]);
  return { code, said: lines.join("\n") };
}

it("prints exactly the verdict as JSON", async () => {
  outcome.now = passing;
  const { code, said } = await reproduce("--json");
  expect(code).toBe(0);
  const { figures: _, ...verdict } = passing;
  expect(JSON.parse(said)).toEqual(verdict);
  expect(outcome.given).toEqual({ tier: "quick", record: ["date", "commit"] });
});

it("tells a person, and fails with exit code 1 where a check does", async () => {
  outcome.now = {
    ...passing,
    tier: "full",
    passed: false,
    checks: [check, { ...check, name: "gap", passed: false }],
  };
  const { code, said } = await reproduce("--tier", "full");
  expect(code).toBe(1);
  expect(said).toMatch(/error +0\.25 +at most 0\.5 +passed/);
  expect(said).toMatch(/gap +0\.25 +at most 0\.5 +FAILED/);
  expect(said).toContain("NOT reproduced: 2 seeds, 2 s");
  expect(outcome.given).toMatchObject({ tier: "full" });
});
