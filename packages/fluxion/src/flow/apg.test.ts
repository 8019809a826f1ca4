import { describe, expect, it } from "vitest";
import { grad, random, tensor, type Tensor, zeros } from "../index.js";
import { apg, projection, type ApgOptions, type ApgState } from "./apg.js";
import { gaussianVelocity } from "./exact.js";
import { cfg, guidance, type GuidedPair } from "./guidance-rule.js";
import { sampleHooked, sampleOde, type Velocity } from "./sample.js";
import { euler, heun } from "./solver.js";

const draw = (seed: number): Tensor => random.normal(random.key(seed), [4, 3, 2]);
const pair: GuidedPair = { cond: draw(1), uncond: draw(2) };
const rows = async (t: Tensor): Promise<number[][]> =>
  t.reshape([t.shape[0]!, -1]).toArray() as Promise<number[][]>;
const dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
const minus = (a: number[], b: number[]): number[] => a.map((v, i) => v - b[i]!);
const length = (a: number[]): number => Math.sqrt(dot(a, a));
const at = (stage = 0) => ({ t: tensor(0.5), stage });

function combine(options: ApgOptions, given = pair, state?: ApgState) {
  const rule = apg(options);
  return rule.combine(given, at(), state ?? rule.init!(given.cond));
}
/** What guidance adds to the conditional prediction, by example. */
async function added(options: ApgOptions, given = pair): Promise<number[][]> {
  const [guided, cond] = [await rows(combine(options, given).guided), await rows(given.cond)];
  return guided.map((row, i) => minus(row, cond[i]!));
}

describe("apg", () => {
  it("is cfg with eta 1, no bound and no momentum, and no guidance at scale 1", async () => {
    for (const scale of [0, 1, 2.5, 12]) {
      const [ours, theirs] = [
        await rows(combine({ scale, eta: 1, momentum: 0 }).guided),
        await rows(cfg({ scale }).combine(pair, at(), undefined).guided),
      ];
      ours.forEach((row, i) => expect(length(minus(row, theirs[i]!))).toBeLessThan(1e-5));
    }
    const one = combine({ scale: 1, normThreshold: 0.1 });
    expect(await rows(one.guided)).toEqual(await rows(pair.cond));
  });

  it("adds only what is orthogonal to the conditional prediction: Pythagoras", async () => {
    const [scale, cond, uncond] = [8, await rows(pair.cond), await rows(pair.uncond)];
    const extra = await added({ scale, momentum: 0 });
    const guided = await rows(combine({ scale, momentum: 0 }).guided);
    cond.forEach((c, i) => {
      expect(Math.abs(dot(extra[i]!, c))).toBeLessThan(1e-4 * length(c));
      const d = minus(c, uncond[i]!);
      const orthogonal = length(d) ** 2 - (dot(d, c) / length(c)) ** 2;
      expect(length(guided[i]!) ** 2 / (length(c) ** 2 + (scale - 1) ** 2 * orthogonal)).toBeCloseTo(1, 4);
    });
  });

  it("never adds more than (scale − 1)·r, whatever eta; rms is per element", async () => {
    for (const eta of [0, 0.3, 1]) {
      const extra = await added({ scale: 5, eta, normThreshold: 0.5 });
      extra.forEach((e) => expect(length(e)).toBeLessThanOrEqual(4 * 0.5 + 1e-5));
      const same = await added({ scale: 5, eta, normThreshold: { rms: 0.5 / Math.sqrt(6) } });
      same.forEach((e, i) => expect(length(minus(e, extra[i]!))).toBeLessThan(1e-5));
    }
    // One that is shorter than r keeps its length.
    const short = { cond: pair.cond, uncond: pair.cond.add(1e-3) };
    const [bound, free] = [
      await added({ scale: 5, normThreshold: 0.5 }, short),
      await added({ scale: 5 }, short),
    ];
    expect(bound).toEqual(free);
  });

  it("gathers momentum in the unbounded difference: 1, ½, ¾, 5/8, 11/16 → 2/3 of it", async () => {
    const rule = apg({ scale: 2, momentum: -0.5, normThreshold: 1e-3 });
    let state = rule.init!(pair.cond);
    const difference = await rows(pair.cond.sub(pair.uncond));
    for (const want of [1, 0.5, 0.75, 0.625, 0.6875]) {
      const next = rule.combine(pair, at(), state);
      state = next.state!;
      (await rows(state.now)).forEach((m, i) =>
        expect(
          length(
            minus(
              m,
              difference[i]!.map((v) => want * v),
            ),
          ),
        ).toBeLessThan(1e-5),
      );
      const lengths = (await next.output!.length.toArray()) as number[];
      lengths.forEach((v, i) => expect(v).toBeCloseTo(want * length(difference[i]!), 4));
    }
  });

  it("moves its momentum once a step, whatever the evaluations of the solver", async () => {
    const conditional: Velocity = (x) => x.mul(0).add(tensor([[1, 0]]));
    const none: Velocity = (x) => x.mul(0);
    const run = (solver: typeof euler) =>
      sampleHooked(conditional, zeros([1, 2]), {
        ...{ solver, last: euler, steps: 4 },
        hooks: [guidance(apg({ scale: 3, space: "velocity", eta: 1 }), none)],
      });
    const [one, two] = [run(euler), run(heun)];
    expect(await rows(two.end)).toEqual(await rows(one.end));
    expect(two.outputs[0]).toHaveLength(1);
    expect(await rows(two.outputs[0][0]!.length)).toEqual([[1], [0.5], [0.75], [0.625]]);
    // x′ = 1 + 2·m with the m above, four steps of a quarter.
    expect((await rows(one.end))[0]![0]).toBeCloseTo(1 + (2 * 2.875) / 4, 5);
  });

  it("in one dimension is conditional sampling, as nothing is orthogonal there", async () => {
    const [conditional, unconditional] = [
      gaussianVelocity({ mean: 0.8, std: 0.5 }),
      gaussianVelocity({ std: 0.5 }),
    ];
    const z = tensor([[-1], [0.4], [2]]);
    const plain = sampleOde(conditional, z, { steps: 20 });
    const guided = sampleOde(conditional, z, {
      steps: 20,
      hooks: [guidance(apg({ scale: 9 }), unconditional)],
    });
    const [a, b] = [await rows(plain), await rows(guided)];
    a.forEach((row, i) => expect(row[0]).toBeCloseTo(b[i]![0]!, 3));
  });

  it("treats each example for itself, and one without a difference as not guided", async () => {
    const options = { scale: 6, normThreshold: 1 };
    const order = tensor([2, 0, 3, 1], { dtype: "int32" });
    const permuted = { cond: pair.cond.take(order, 0), uncond: pair.uncond.take(order, 0) };
    const [straight, turned] = [
      await rows(combine(options).guided),
      await rows(combine(options, permuted).guided),
    ];
    [2, 0, 3, 1].forEach((from, to) =>
      expect(length(minus(turned[to]!, straight[from]!))).toBeLessThan(1e-5),
    );
    const still = { cond: pair.cond, uncond: pair.cond };
    expect(await rows(combine(options, still).guided)).toEqual(await rows(pair.cond));
    const nothing = { cond: zeros([2, 3]), uncond: random.normal(random.key(0), [2, 3]) };
    (await rows(combine(options, nothing).guided))
      .flat()
      .forEach((v) => expect(Number.isFinite(v)).toBe(true));
  });

  it("has the gradient of its formula", async () => {
    const weight = draw(3);
    const value = (cond: Tensor): Tensor =>
      combine({ scale: 3, normThreshold: 1, eta: 0.3 }, { cond, uncond: pair.uncond })
        .guided.mul(weight)
        .sum();
    const along = draw(4);
    const slope = await grad(value)(pair.cond).mul(along).sum().item();
    const [h, c] = [1e-2, pair.cond];
    const difference = value(c.add(along.mul(h)))
      .sub(value(c.sub(along.mul(h))))
      .div(2 * h);
    expect(slope / (await difference.item())).toBeCloseTo(1, 2);
  });

  it("refuses what makes no sense", () => {
    expect(() => apg({ scale: Infinity })).toThrow(/scale/);
    expect(() => apg({ scale: 2, eta: 2 })).toThrow(/eta/);
    expect(() => apg({ scale: 2, momentum: 1 })).toThrow(/momentum/);
    expect(() => apg({ scale: 2, normThreshold: 0 })).toThrow(/normThreshold/);
    expect(() => apg({ scale: 2, normThreshold: { rms: NaN } })).toThrow(/normThreshold/);
    expect(() => apg({ scale: 2, beta: 1 } as never)).toThrow(/beta/);
  });
});

it("projection parts a vector even when nearly all of it is parallel", async () => {
  const along = draw(5);
  const d = along.mul(1e3).add(draw(6));
  const { parallel, orthogonal } = projection(d, along);
  const [o, a, both, whole] = [
    await rows(orthogonal),
    await rows(along),
    await rows(parallel.add(orthogonal)),
    await rows(d),
  ];
  o.forEach((v, i) => {
    expect(Math.abs(dot(v, a[i]!)) / length(a[i]!)).toBeLessThan(1e-5 * length(whole[i]!));
    expect(length(minus(both[i]!, whole[i]!))).toBeLessThan(1e-3);
  });
});
