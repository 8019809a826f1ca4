import { describe, expect, it } from "vitest";
import { OptionError } from "../core/errors.js";
import { blockCode } from "./block-code.js";
import {
  chunkCuts,
  gradientCode,
  leastLoad,
  noDeliveries,
  type GradientCode,
  type Scheme,
} from "./gradient-code.js";
import { conforms } from "./straggler-model.js";

const bits = (mask: number, n: number): number[] => Array.from({ length: n }, (_, i) => (mask >> i) & 1);

/** Whether every job is decodable at its deadline under a pattern of stragglers. */
function inTime(code: GradientCode, jobs: number, rows: readonly Uint8Array[]): boolean {
  const delivered = noDeliveries(code, jobs);
  return rows.every((row, round) => {
    code.assign(round, delivered).forEach((tasks, worker) => {
      for (const { job, part } of row[worker] ? [] : tasks) delivered[job]![worker * code.parts + part] = 1;
    });
    const due = round - code.delay;
    return due < 0 || code.decode(delivered[due]!) !== undefined;
  });
}

/** Conforming patterns, those of them that fail, and all that fail, of every pattern there is. */
function exhaust(
  n: number,
  scheme: Scheme,
  jobs: number,
): [conforming: number, failed: number, others: number] {
  const code = gradientCode(n, scheme);
  const rounds = jobs + code.delay;
  const counts: [number, number, number] = [0, 0, 0];
  for (let mask = 0; mask < 2 ** (n * rounds); mask++) {
    const rows = Array.from({ length: rounds }, (_, r) => Uint8Array.from(bits(mask >> (r * n), n)));
    const allowed = conforms(code.withstands, rows);
    if (allowed) counts[0]++;
    if (!inTime(code, jobs, rows)) counts[allowed ? 1 : 2]++;
  }
  return counts;
}

describe("guarantees, over every pattern of stragglers", () => {
  it.each([
    [3, 1, 2, 1, 40, 4056],
    [2, 1, 3, 1, 23, 1001],
    [3, 1, 2, 2, 271, 3825],
    [2, 2, 3, 1, 91, 3979],
  ])("M-SGC(%i; %i, %i, %i)", (n, B, W, lambda, conforming, others) => {
    expect(exhaust(n, { kind: "m-sgc", B, W, lambda }, 3)).toEqual([conforming, 0, others]);
  });

  it.each([
    [4, 1, 2, 2, 3, 797],
    [3, 1, 2, 2, 4, 1015],
    [3, 1, 3, 2, 3, 115],
    [3, 2, 3, 2, 3, 1009],
  ])("SR-SGC(%i; %i, %i, %i), %i jobs", (n, B, W, lambda, jobs, conforming) => {
    expect(exhaust(n, { kind: "sr-sgc", B, W, lambda }, jobs).slice(0, 2)).toEqual([conforming, 0]);
  });
});

it("has the loads of the paper, and meets the bound where it can be met", () => {
  const load = (n: number, scheme: Scheme): number => gradientCode(n, scheme).load;
  expect(load(256, { kind: "m-sgc", B: 1, W: 2, lambda: 27 })).toBeCloseTo(0.0075431034, 10);
  expect(load(256, { kind: "sr-sgc", B: 2, W: 3, lambda: 23 })).toBe(0.05078125);
  expect(load(256, { kind: "gc", s: 15 })).toBe(0.0625);
  for (const [lambda, value] of [
    [3, 0.4],
    [4, 0.5],
  ] as const) {
    expect(load(4, { kind: "m-sgc", B: 1, W: 2, lambda })).toBeCloseTo(value, 14);
    expect(leastLoad(4, { B: 1, W: 2, lambda })).toBeCloseTo(value, 14);
  }
  expect(load(20, { kind: "m-sgc", B: 2, W: 3, lambda: 4 })).toBeCloseTo(1 / 12, 14);
  expect(leastLoad(20, { B: 2, W: 3, lambda: 4 })).toBeCloseTo(1 / 18, 14);
});

it("gives every worker exactly its load once all slots are in use", () => {
  const schemes: Scheme[] = [
    { kind: "uncoded" },
    { kind: "gc", s: 2 },
    { kind: "sr-sgc", B: 1, W: 2, lambda: 4 },
    { kind: "m-sgc", B: 2, W: 3, lambda: 4 },
    { kind: "m-sgc", B: 1, W: 3, lambda: 0 },
  ];
  for (const scheme of schemes) {
    const code = gradientCode(8, scheme);
    const delivered = noDeliveries(code, 12);
    // Nobody straggles.
    for (let round = 0; round < 12; round++) {
      const assigned = code.assign(round, delivered);
      assigned.forEach((tasks, worker) => {
        const units = tasks
          .flatMap(({ part }) => code.terms(worker, part))
          .map(({ chunk }) => code.chunks[chunk]!);
        if (round >= code.delay)
          expect(units.reduce((a, b) => a + b, 0)).toBe(Math.round(code.load * code.units));
        for (const { job, part } of tasks) {
          expect(delivered[job]![worker * code.parts + part]).toBe(0);
          delivered[job]![worker * code.parts + part] = 1;
        }
      });
    }
    expect(code.load).toBeGreaterThanOrEqual(1 / 8 - 1e-15);
  }
  expect(gradientCode(8, { kind: "m-sgc", B: 1, W: 3, lambda: 0 }).load).toBeCloseTo(1 / 8, 15);
});

describe("block codes", () => {
  const cases = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => Array.from({ length: n }, (_, s) => [n, s] as const));
  it.each(cases)("n = %i, s = %i: exact for every set of n − s responders, refused for fewer", (n, s) => {
    for (const encoder of n % (s + 1) === 0 ? (["cyclic", "repetition"] as const) : (["cyclic"] as const)) {
      const code = blockCode(n, s, { encoder });
      const gradients = Float32Array.from({ length: n }, (_, c) => Math.sin(3 * c) + 0.2);
      const want = gradients.reduce((a, b) => a + b, 0);
      for (let mask = 0; mask < 2 ** n; mask++) {
        const responders = [...Array(n).keys()].filter((i) => (mask >> i) & 1);
        const a = code.decode(responders);
        if (encoder === "cyclic") expect(a !== undefined).toBe(responders.length >= n - s);
        else if (responders.length >= n - s) expect(a).toBeDefined();
        if (!a) continue;
        let got = 0;
        responders.forEach((i, r) => {
          const result = code.row(i).reduce((sum, t) => sum + t.coefficient * gradients[t.chunk]!, 0);
          got += a[r]! * Math.fround(result);
        });
        expect(Math.abs(got / want - 1)).toBeLessThan(1e-5);
      }
    }
  });

  it("refuses rather than return what rounding spoiled", () => {
    const code = blockCode(64, 12);
    // A block of neighbours that straggle is the bad case of cyclic codes.
    expect(code.decode([...Array(52).keys()])).toBeUndefined();
    expect(code.decode([...Array(64).keys()].filter((i) => i % 6 !== 0))).toBeDefined();
  });
});

it("cuts examples alike for everybody, and loses none", () => {
  const code = gradientCode(5, { kind: "m-sgc", B: 1, W: 2, lambda: 2 });
  for (const examples of [0, 3, 100, 1000]) {
    const cuts = chunkCuts(code, examples);
    expect(cuts.at(-1)).toBe(examples);
    for (let c = 1; c < cuts.length; c++) expect(cuts[c]).toBeGreaterThanOrEqual(cuts[c - 1]!);
  }
});

it("refuses what is no code", () => {
  for (const scheme of [
    { kind: "gc", s: 4 },
    { kind: "gc", s: -1 },
    { kind: "gc", s: 2, encoder: "repetition" },
    { kind: "sr-sgc", B: 2, W: 4, lambda: 1 },
    { kind: "m-sgc", B: 2, W: 2, lambda: 1 },
    { kind: "m-sgc", B: 1, W: 2, lambda: 5 },
    { kind: "m-sgc", B: 1, W: 2, lambda: 1, s: 3 },
    { kind: "other" },
  ]) {
    expect(() => gradientCode(4, scheme as Scheme), JSON.stringify(scheme)).toThrow(OptionError);
  }
});
