import { expect, it } from "vitest";
import { compile, random, tensor, treeMap, type Tensor } from "../index.js";
import { selfAttention, type AttentionParams } from "../nn/attention.js";
import { recordAttention } from "./attention-hooks.js";
import { classifierFreeGuidance } from "./guidance.js";
import type { FlowModel } from "./prediction.js";
import { rfEdit, rfInvert } from "./rf-edit.js";
import { fireFlow, rfSolver } from "./rf-solver.js";
import { sampleHooked, sampleOde, type Velocity } from "./sample.js";
import { velocityOf } from "./velocity.js";

const layer = selfAttention(4, 2);
type Params = { layers: AttentionParams[] };
/** Three attentions in a row over [B, N, 4], pushed by the time and a class. */
const model: FlowModel<Params> = ({ layers }, x, t, cond, tap) => {
  const [b] = x.shape;
  const push = t.sin().add(cond!.cast("float64")).reshape([b!, 1, 1]);
  return layers.reduce((h, params, i) => {
    const values = (v: Tensor): Tensor => tap?.("value", i, v) ?? v;
    return h.add(layer.apply(params, h.add(push).sin(), { values }));
  }, x);
};
const float64 = { dtype: "float64" } as const;
const params: Params = {
  layers: [0, 1, 2].map((i) => treeMap((p: Tensor) => p.cast("float64"), layer.init(random.key(i)))),
};
const x = random.normal(random.key(9), [2, 3, 4], float64);
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const largest = (t: Tensor): Promise<number> => t.abs().max().item();
const velocity = (label: number): Velocity =>
  velocityOf(model, params, { cond: tensor([label, label], { dtype: "int32" }) });

it("recording changes no bit, and keeps 2·n·layers tensors (unit check 6)", async () => {
  const plain = sampleOde(velocity(0), x, { solver: rfSolver(), steps: 5, from: 1, to: 0 });
  const { noise, shared } = rfInvert(velocity(0), x, { steps: 5, share: 3, layers: (l) => l > 0 });
  const halves = sampleOde(
    velocity(0),
    sampleOde(velocity(0), x, { solver: rfSolver(), grid: [1, 0.8, 0.6] }),
    { solver: rfSolver(), grid: [0.6, 0.4, 0.2, 0] },
  );
  expect(await numbers(noise)).toEqual(await numbers(halves));
  expect(await largest(noise.sub(plain))).toBeLessThan(1e-12);
  expect(shared).toHaveLength(2);
  for (const stage of shared) {
    expect(Object.keys(stage)).toEqual(["1", "2"]);
    for (const values of Object.values(stage)) expect(values.shape).toEqual([3, 2, 2, 3, 2]);
  }
});

it("without sharing an edit is plain sampling, with all of it a compiled program too", async () => {
  const { noise, shared } = rfInvert(velocity(0), x, { steps: 4 });
  expect(shared).toEqual([]);
  const plain = sampleOde(velocity(1), noise, { solver: rfSolver(), steps: 4 });
  expect(await numbers(rfEdit(velocity(1), { noise, shared }, { steps: 4 }))).toEqual(await numbers(plain));
  const edit = (z: Tensor): Tensor =>
    rfEdit(velocity(1), rfInvert(velocity(0), z, { steps: 4, share: 4 }), { steps: 4 });
  const compiled = await compile(edit)(x);
  expect(await largest(compiled.sub(edit(x)))).toBeLessThan(1e-12);
  expect(await largest(compiled.sub(plain))).toBeGreaterThan(1e-3);
});

it("an interval has the same values in both directions (the last of the inversion is the edit's first)", async () => {
  const { shared } = rfInvert(velocity(0), x, { steps: 4, share: 2 });
  const run = sampleHooked(
    velocity(0),
    sampleOde(velocity(0), x, { solver: rfSolver(), grid: [1, 0.75, 0.5] }),
    { solver: rfSolver(), grid: [0.5, 0.25, 0], hooks: [recordAttention()] as const },
  );
  const own = run.outputs[0][1]!["2"]!;
  expect(await largest(shared[1]!["2"]!.slice(0).sub(own.slice(1)))).toBe(0);
  expect(await largest(shared[1]!["2"]!.slice(1).sub(own.slice(0)))).toBe(0);
});

it.each([
  // The first evaluation is shared across different times: v differs by O(h). At alpha = 1/2 it acts through the middle only.
  [0, 0.7, 4],
  [0, 0.5, 8],
  // The middle is at the same time in both directions, at states h·(v_middle − (v_start + v_end)/2) = O(h³) apart.
  [1, 0.5, 16],
])(
  "with the source's own condition, sharing evaluation %d at alpha = %d moves a step %d times less when it is halved",
  async (stage, alpha, want) => {
    const moved = async (h: number): Promise<number> => {
      const options = { grid: [0.4, 0.4 + h], solver: rfSolver({ alpha }) };
      const from = rfInvert(velocity(0), x, { ...options, share: 1 });
      const edit = rfEdit(velocity(0), from, { ...options, stages: (s) => s === stage });
      return largest(edit.sub(rfEdit(velocity(0), { ...from, shared: [] }, options)));
    };
    const ratio = (await moved(1 / 64)) / (await moved(1 / 128));
    expect(Math.abs(ratio / want - 1)).toBeLessThan(0.1);
  },
);

it("says what it cannot share", () => {
  const blind: Velocity = (z) => z;
  expect(() => rfInvert(blind, x, { steps: 2, share: 1 })).toThrow(/attention values to a tap/);
  expect(() => rfInvert(velocity(0), x, { steps: 2, share: 1, layers: () => false })).toThrow(
    /layers that it has/,
  );
  const guided = velocityOf(classifierFreeGuidance(model, { scale: 2, nullCond: 2 }), params, {
    cond: tensor([0, 0], { dtype: "int32" }),
  });
  expect(() => rfInvert(guided, x, { steps: 2, share: 1 })).toThrow(/no guidance while/);
  for (const share of [-1, 3, 0.5])
    expect(() => rfInvert(velocity(0), x, { steps: 2, share }), String(share)).toThrow(/share/);
  const from = rfInvert(velocity(0), x, { steps: 3, share: 3 });
  expect(() => rfEdit(velocity(0), from, { steps: 2 })).toThrow(/share/);
  expect(() => rfInvert(velocity(0), x, { grid: [1, 0] })).toThrow(/ascending/);
  expect(() => rfEdit(velocity(0), from, { step: 3 } as never)).toThrow(/step/);
});

it("shares with FireFlow as well, whose steps have one evaluation", async () => {
  const options = { solver: fireFlow, steps: 4 };
  const from = rfInvert(velocity(0), x, { ...options, share: 2 });
  expect(from.shared).toHaveLength(1);
  expect(await largest(rfEdit(velocity(1), from, options))).toBeLessThan(100);
});
