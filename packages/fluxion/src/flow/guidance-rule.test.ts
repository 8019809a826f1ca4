import { describe, expect, it } from "vitest";
import { OptionError, random, tensor, type Tensor } from "../index.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { expandDims } from "../ops/movement.js";
import { cast } from "../ops/compare.js";
import { gaussianVelocity } from "./exact.js";
import { classifierFreeGuidance } from "./guidance.js";
import { cfg, cfgRescale, guidance, intervalGuidance, type GuidanceRule } from "./guidance-rule.js";
import { generatePairs } from "./pairs.js";
import type { FlowModel } from "./prediction.js";
import { sampleOde } from "./sample.js";
import { midpoint } from "./solver.js";

const [cond, uncond] = [1, 2].map((k) => random.normal(random.key(k), [4, 3, 2]));
const pair = { cond: cond!, uncond: uncond! };
const at = { t: tensor(0.5), stage: 0 };
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const combine = (rule: GuidanceRule): Promise<number[]> => numbers(rule.combine(pair, at, undefined).guided);
const close = (got: number[], want: number[], digits = 5): void => {
  expect(got).toHaveLength(want.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, digits));
};

describe("cfg", () => {
  it("takes the flow of N(μ, s²) guided against N(0, s²) to N(wμ, s²)", async () => {
    const [w, mean, std] = [5, 0.8, 0.5];
    const [conditional, unconditional] = [gaussianVelocity({ mean, std }), gaussianVelocity({ std })];
    const z = [-2, -0.5, 0, 1.3];
    const end = sampleOde(conditional, tensor(z, { dtype: "float64" }), {
      ...{ steps: 400, solver: midpoint, to: 1 - 1e-9 },
      hooks: [guidance(cfg({ scale: w }), unconditional)],
    });
    close(
      await numbers(end),
      z.map((v) => w * mean + std * v),
      3,
    );
  });

  it("is the guided model, and in every space the same", async () => {
    const model: FlowModel<Tensor> = (p, x, t, c) =>
      add(mul(x, p), expandDims(mul(cast(c!, "float32"), sub(1, t)), 1));
    const common = {
      ...{ params: tensor(0.3), shape: [2], n: 6, steps: 5, seed: 3 },
      cond: { data: Int32Array.of(0, 1, 2, 0, 1, 2), shape: [6] },
    };
    const [scale, nullCond] = [3, 7];
    const middleware = await generatePairs({
      ...common,
      model: classifierFreeGuidance(model, { scale, nullCond }),
    });
    for (const space of ["velocity", "data", "noise"] as const) {
      const grid = space === "noise" ? [0.1, 0.4, 0.7, 1] : [0, 0.2, 0.4, 0.6, 0.8, 1];
      const rule = { ...cfg({ scale }), space };
      const hooked = await generatePairs({ ...common, model, grid, guidance: { rule, nullCond } });
      const want =
        space === "noise"
          ? await generatePairs({
              ...common,
              grid,
              model: classifierFreeGuidance(model, { scale, nullCond }),
            })
          : middleware;
      close([...hooked.x1.data], [...want.x1.data], 4);
    }
    const unfit = { ...common, model, guidance: { rule: cfg({ scale }), nullCond } };
    await expect(generatePairs({ ...unfit, cond: undefined as never })).rejects.toThrow(
      /a condition to guide by/,
    );
  });
});

describe("cfgRescale", () => {
  it("keeps the standard deviation of each example at phi = 1, is cfg at 0", async () => {
    close(await combine(cfgRescale({ scale: 4, phi: 0 })), await combine(cfg({ scale: 4 })));
    const full = cfgRescale({ scale: 4, phi: 1 }).combine(pair, at, undefined).guided;
    const deviation = (t: Tensor): Promise<number[]> => numbers(t.reshape([4, 6]).std(1));
    close(await deviation(full), await deviation(pair.cond), 4);
    const [half, plain, bound] = [
      await combine(cfgRescale({ scale: 4, phi: 0.5 })),
      await combine(cfg({ scale: 4 })),
      await numbers(full),
    ];
    close(
      half,
      plain.map((v, i) => (v + bound[i]!) / 2),
    );
  });
});

describe("intervalGuidance", () => {
  it("leaves the conditional prediction outside", async () => {
    const rule = intervalGuidance(cfg({ scale: 4 }), [0.2, 0.8]);
    const when = (t: number): Promise<number[]> =>
      numbers(rule.combine(pair, { t: tensor(t), stage: 0 }, undefined).guided);
    for (const t of [0, 0.1, 0.9, 1]) expect(await when(t)).toEqual(await numbers(pair.cond));
    for (const t of [0.2, 0.5, 0.8]) expect(await when(t)).toEqual(await combine(cfg({ scale: 4 })));
  });
});

it("refuses what makes no sense", () => {
  expect(() => cfg({ scale: NaN })).toThrow(OptionError);
  expect(() => cfg({ scales: 2 } as never)).toThrow(/scales/);
  expect(() => cfgRescale({ scale: 2, phi: 2 })).toThrow(/phi/);
  expect(() => intervalGuidance(cfg({ scale: 2 }), [0.5, 0.5])).toThrow(/from < to/);
  expect(() => guidance(cfg({ scale: 2 }), (x) => x, { paths: 1 } as never)).toThrow(/paths/);
});
