import { expect, it } from "vitest";
import { FluxionError, OptionError } from "../index.js";
import { atLeast, atMost, type Claim } from "./claim.js";
import { loadArtefacts, reproduce } from "./node/reproduce.js";
import { readResult, resultPath } from "./node/result.js";
import { papers } from "../papers/index.js";
import { runClaim } from "./run.js";

const claim: Claim<{ error: number }> = {
  id: "toy",
  statement: "The error falls with the seed.",
  seeds: { quick: [4], full: [1, 2, 4] },
  async run({ seed, progress }) {
    progress(0.5, "halving");
    return { error: 1 / seed };
  },
  checks: (figures) => [
    atMost(
      "error",
      figures.map((f) => f.error),
      0.5,
    ),
    atLeast("runs", figures.length, 1),
  ],
};

it("judges the worst seed", async () => {
  const quick = await runClaim(claim);
  expect(quick).toMatchObject({
    id: "toy",
    tier: "quick",
    passed: true,
    seeds: [4],
    figures: [{ error: 0.25 }],
  });
  const full = await runClaim(claim, { tier: "full" });
  expect(full.passed).toBe(false);
  expect(full.checks[0]).toEqual({ name: "error", value: 1, sense: "at most", bar: 0.5, passed: false });
  expect(full.checks[1]!.passed).toBe(true);
  expect(full.seconds).toBeGreaterThanOrEqual(0);
  expect((await runClaim(claim, { tier: "full", seeds: [2, 4] })).passed).toBe(true);
});

it("what is no number fails, and so does a claim without checks", async () => {
  expect(atMost("x", NaN, 1).passed).toBe(false);
  expect(atLeast("x", [1, NaN], 0).passed).toBe(false);
  expect(atMost("x", [], 1).passed).toBe(false);
  expect((await runClaim({ ...claim, checks: () => [] })).passed).toBe(false);
});

it("reports without judging", async () => {
  const told = { ...claim, reported: () => [atMost("speed", 2, 1)] };
  const { passed, reported } = await runClaim(told);
  expect(passed).toBe(true);
  expect(reported).toEqual([{ name: "speed", value: 2, sense: "at most", bar: 1, passed: false }]);
  expect((await runClaim(claim)).reported).toEqual([]);
});

it("says how far it is", async () => {
  const seen: [number, string][] = [];
  await runClaim(claim, { tier: "full", onProgress: (fraction, what) => seen.push([fraction, what]) });
  expect(seen.map(([fraction]) => fraction)).toEqual([1 / 6, 3 / 6, 5 / 6, 1]);
  expect(seen[1]![1]).toBe("seed 2: halving");
});

it("measures several seeds at a time, in their order", async () => {
  let [running, most] = [0, 0];
  const slow: Claim = {
    ...claim,
    async run({ seed }) {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20 / seed));
      running--;
      return { error: 1 / seed };
    },
  };
  const { figures } = await runClaim(slow, { tier: "full", jobs: 2 });
  expect(figures).toEqual([{ error: 1 }, { error: 1 / 2 }, { error: 1 / 4 }]);
  expect(most).toBe(2);
  await expect(runClaim(claim, { jobs: 0 })).rejects.toThrow(/jobs/);
  let told = false;
  const failing: Claim = {
    ...claim,
    async run({ seed, signal }) {
      if (seed === 1) throw new Error("no figures");
      await new Promise<void>((resolve) => signal!.addEventListener("abort", () => resolve()));
      told = true;
      return {};
    },
  };
  await expect(runClaim(failing, { tier: "full", jobs: 2 })).rejects.toThrow("no figures");
  await expect.poll(() => told).toBe(true);
});

it("gives in processes of their own what one process gives, and stops them", async () => {
  const seeds = [0, 1];
  const [apart, here] = [
    await reproduce("opposing-signals", { seeds, jobs: 2 }),
    await reproduce("opposing-signals", { seeds }),
  ];
  expect(apart.figures).toEqual(here.figures);
  const controller = new AbortController();
  const stopped = reproduce("opposing-signals", {
    ...{ seeds, jobs: 2, tier: "full", signal: controller.signal },
    onProgress: () => controller.abort(new Error("enough")),
  });
  await expect(stopped).rejects.toThrow("enough");
  // A claim that throws is an error of the caller's, not a silent end.
  await expect(reproduce("opposing-signals", { seeds: [0.5, -1], jobs: 2 })).rejects.toThrow(/seed/);
}, 60_000);

it("stops at a signal and refuses bad options", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(runClaim(claim, { signal })).rejects.toThrow("enough");
  const controller = new AbortController();
  const midway = { ...claim, run: async () => (controller.abort(new Error("midway")), { error: 0 }) };
  await expect(runClaim(midway, { signal: controller.signal })).rejects.toThrow("midway");
  await expect(runClaim(claim, { seeds: [] })).rejects.toThrow(OptionError);
  await expect(runClaim(claim, { tier: "slow" } as never)).rejects.toThrow(OptionError);
  await expect(runClaim(claim, { teir: "full" } as never)).rejects.toThrow(OptionError);
});

it("finds the artefacts of papers that are done, and says so of others", async () => {
  const { claim: loaded } = await (await loadArtefacts("rectified-flow")).claim();
  expect(loaded.id).toBe("rectified-flow");
  expect(loaded.seeds.full.length).toBeGreaterThanOrEqual(3);
  // Once every paper is done, nothing is planned any more.
  for (const { id } of papers.filter((p) => p.state === "planned").slice(0, 1))
    await expect(loadArtefacts(id)).rejects.toThrow(/none yet/);
  await expect(reproduce("no-such-paper")).rejects.toThrow(FluxionError);
  expect(resultPath("no-such-paper")).toBeUndefined();
  await expect(readResult("no-such-paper")).rejects.toThrow(FluxionError);
});
