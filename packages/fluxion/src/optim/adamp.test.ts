import { describe, expect, it } from "vitest";
import {
  evaluate,
  OptionError,
  random,
  ShapeError,
  tensor,
  valueAndGrad,
  type NestedArray,
  type Tensor,
} from "../index.js";
import {
  adamp,
  adamw,
  applyUpdates,
  momentum,
  projectScaleInvariant,
  sgd,
  sgdp,
  type Transform,
} from "./index.js";

const float64 = { dtype: "float64" } as const;
const double = (values: NestedArray): Tensor => tensor(values, float64);
const numbers = async (t: Tensor): Promise<number[]> => [...((await t.data()) as Float64Array)];

/** Scale-invariant: f(W) = −W[0] / ‖W‖. */
const direction = (w: Tensor): Tensor => w.reshape([2]).slice(0).neg().div(w.square().sum().sqrt());
const bowl = (p: Tensor): Tensor =>
  p
    .square()
    .mul(double([0.5, 5]))
    .sum();

async function path(
  optimizer: Transform,
  f: (p: Tensor) => Tensor,
  start: Tensor,
  steps: number,
): Promise<number[][]> {
  let p = start;
  let state = optimizer.init(p);
  const points: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const { updates, state: next } = optimizer.update(valueAndGrad(f)(p)[1], state, p);
    p = await evaluate(applyUpdates(p, updates));
    state = next;
    points.push(await numbers(p));
  }
  return points;
}

const close = (got: readonly number[][], want: readonly number[][], tolerance = 1e-12): void =>
  want.flat().forEach((value, i) => expect(Math.abs(value - got.flat()[i]!)).toBeLessThan(tolerance));

// Rows are channels here, as in PyTorch's layout, which the reference runs had.
const rows = { channelAxis: 0 };
const start = double([[1.2, 1.6]]);

/** The authors' adamp.py and sgdp.py (and a copy of the latter that does not project its buffer), in double. */
const reference: Record<string, [Transform, number[][]]> = {
  adamp: [
    adamp({ learningRate: 0.1, weightDecay: 0.1, ...rows }),
    [
      [1.31079999588, 1.51440000284],
      [1.415911202679958, 1.420771256549371],
      [1.514050816527264, 1.320135511325244],
      [1.60412791118483, 1.213770365470968],
    ],
  ],
  "adamp, nesterov": [
    adamp({ learningRate: 0.1, weightDecay: 0.1, nesterov: true, ...rows }),
    [
      [1.411599992172, 1.438800005396],
      [1.550731301456145, 1.299475210777707],
      [1.659372628029704, 1.166677826444113],
      [1.747693371771762, 1.037531908390448],
    ],
  ],
  adamw: [
    adamw({ learningRate: 0.1, weightDecay: 0.1 }),
    [
      [1.287999996875, 1.484000004166667],
      [1.374747661093703, 1.369063057404348],
      [1.459842232420773, 1.255171485859982],
      [1.542753671916438, 1.142376197184661],
    ],
  ],
  "sgdp, as the paper has it": [
    sgdp({ learningRate: 0.5, momentum: 0.9, weightDecay: 0.01, ...rows }),
    [
      [1.354, 1.472],
      [1.614463226522935, 1.218829002478221],
      [1.88806754245234, 0.8396254534243535],
      [2.078937916629643, 0.3849882062257413],
    ],
  ],
  "sgdp without decay": [
    sgdp({ learningRate: 0.5, momentum: 0.9, ...rows }),
    [
      [1.36, 1.48],
      [1.62675306085301, 1.234875565944676],
      [1.908535526117181, 0.8636717790768365],
      [2.111613950158962, 0.4149105793924466],
    ],
  ],
  "sgd with momentum": [
    momentum({ learningRate: 0.5, momentum: 0.9 }),
    [
      [1.36, 1.48],
      [1.638871872613611, 1.24806368462533],
      [1.978950334121057, 0.9223291472758478],
      [2.325888909527698, 0.5414817280027826],
    ],
  ],
};

describe("AdamP and SGDP", () => {
  it.each(Object.entries(reference))("%s follows its reference", async (_, [optimizer, want]) => {
    close(await path(optimizer, direction, start, 4), want);
  });

  it("does not project the velocity, as the authors' code does", async () => {
    const third = (await path(reference["sgdp, as the paper has it"]![0], direction, start, 3))[2]!;
    expect(Math.abs(third[0]! - 1.889819529904158)).toBeGreaterThan(1e-3);
  });

  it("is AdamW where nothing is projected: delta 0, vectors, gradients that are not orthogonal", async () => {
    const common = { learningRate: 0.1, weightDecay: 0.1 };
    close(await path(adamp({ ...common, delta: 0, ...rows }), direction, start, 4), reference["adamw"]![1]);
    const want = [
      [0.890000001, 0.8900000001],
      [0.781571856954161, 0.7815718551223799],
      [0.6751012231892006, 0.675101220400765],
    ];
    close(await path(adamp(common), bowl, double([1, 1]), 3), want);
    close(await path(adamp({ ...common, ...rows }), bowl, double([[1, 1]]), 3), want);
  });

  it("projects below a cosine of delta / √D", async () => {
    for (const [c, first] of [
      [0.0706, 1],
      [0.0708, 0.9],
    ] as const) {
      const optimizer = adamp({ learningRate: 0.1, ...rows });
      const w = double([[1, 0]]);
      const g = double([[c, Math.sqrt(1 - c * c)]]);
      const { updates } = optimizer.update(g, optimizer.init(w), w);
      const [x, y] = await numbers(applyUpdates(w, updates));
      expect(Math.abs(x! - first)).toBeLessThan(1e-6);
      expect(Math.abs(y! + 0.1)).toBeLessThan(1e-6);
    }
  });

  it("keeps the norm identities of descent, of momentum and of the projection", async () => {
    const [eta, mu] = [0.3, 0.9];
    const norm = (p: readonly number[]): number => p.reduce((s, x) => s + x * x, 0);
    const descent = [[1.2, 1.6], ...(await path(sgd({ learningRate: eta }), direction, start, 5))];
    for (let t = 1; t < descent.length; t++) {
      const g = descent[t]!.map((x, i) => (x - descent[t - 1]![i]!) / eta);
      expect(norm(descent[t]!) / (norm(descent[t - 1]!) + eta ** 2 * norm(g))).toBeCloseTo(1, 12);
    }
    const heavy = [
      [1.2, 1.6],
      ...(await path(momentum({ learningRate: eta, momentum: mu }), direction, start, 6)),
    ];
    const velocities = heavy.slice(1).map((p, t) => norm(p.map((x, i) => (x - heavy[t]![i]!) / eta)));
    for (let t = 1; t < heavy.length; t++) {
      let want = norm(heavy[t - 1]!) + eta ** 2 * velocities[t - 1]!;
      for (let k = 0; k < t - 1; k++) want += 2 * eta ** 2 * mu ** (t - 1 - k) * velocities[k]!;
      expect(norm(heavy[t]!) / want).toBeCloseTo(1, 12);
    }
    const projected = [
      [1.2, 1.6],
      ...(await path(sgdp({ learningRate: eta, momentum: mu, ...rows }), direction, start, 5)),
    ];
    for (let t = 1; t < projected.length; t++) {
      const q = projected[t]!.map((x, i) => (x - projected[t - 1]![i]!) / eta);
      // Up to eps, which is added to the norm that the projection divides by.
      expect(norm(projected[t]!) / (norm(projected[t - 1]!) + eta ** 2 * norm(q))).toBeCloseTo(1, 7);
    }
  });

  it("leaves nothing along the weights, channel by channel, and projecting twice changes nothing", async () => {
    const [w, u] = [random.normal(random.key(0), [7, 3]), random.normal(random.key(1), [7, 3])];
    // A gradient orthogonal to every column of w.
    const raw = random.normal(random.key(2), [7, 3]);
    const g = raw.sub(
      w.mul(
        raw
          .mul(w)
          .sum(0, { keepDims: true })
          .div(w.square().sum(0, { keepDims: true })),
      ),
    );
    const once = projectScaleInvariant(u, g, w);
    expect(await once.acted.item()).toBe(1);
    const along = await numbers(once.update.mul(w).sum(0));
    along.forEach((x) => expect(Math.abs(x)).toBeLessThan(1e-6));
    const twice = await numbers(projectScaleInvariant(once.update, g, w).update);
    close([twice], [await numbers(once.update)], 1e-6);
    // Along the other axis the gradient is not orthogonal, and as a whole it is: one number is removed.
    const whole = projectScaleInvariant(u, g, w, { channelAxis: 0 });
    expect(Math.abs(await whole.update.mul(w).sum().item())).toBeLessThan(1e-5);
    expect(Math.max(...(await numbers(whole.update.mul(w).sum(0))).map(Math.abs))).toBeGreaterThan(1e-2);
    const neither = projectScaleInvariant(u, raw, w);
    expect(await neither.acted.item()).toBe(0);
    expect(await numbers(neither.update)).toEqual(await numbers(u));
  });

  it("takes the channels of a convolution from axis 0 and of a linear layer from axis 1", async () => {
    const axes: [string, number][] = [];
    const spy = (path: string, shape: readonly number[]): number => (axes.push([path, shape.length]), 0);
    const params = { conv: random.normal(random.key(0), [4, 2, 3, 3]), bias: tensor([1, 2]) };
    const optimizer = adamp({ channelAxis: spy });
    await evaluate(optimizer.update(params, optimizer.init(params), params));
    expect(axes).toEqual([["conv", 4]]);
  });

  it("makes the first step of AdamP independent of the weights' scale, and SGDP's half as long at twice it", async () => {
    for (const [optimizer, factor] of [
      [adamp({ learningRate: 0.1, ...rows }), 1],
      [sgdp({ learningRate: 0.1, ...rows }), 0.5],
    ] as const) {
      const step = async (w: Tensor): Promise<number[]> =>
        numbers(optimizer.update(valueAndGrad(direction)(w)[1], optimizer.init(w), w).updates);
      const [one, two] = [await step(start), await step(start.mul(2))];
      close([two], [one.map((x) => x * factor)], 1e-7);
    }
  });

  it("refuses what it cannot take", () => {
    expect(() => adamp({ delta: -1 })).toThrow(OptionError);
    expect(() => adamp({ weightDecay: -1 })).toThrow(OptionError);
    expect(() => sgdp({ momentum: 1 })).toThrow(OptionError);
    expect(() => sgdp({ dampening: 0 } as never)).toThrow(OptionError);
    const optimizer = adamp();
    expect(() => optimizer.update(start, optimizer.init(start))).toThrow(/params/);
    expect(() => projectScaleInvariant(start, double([[1], [2]]), start)).toThrow(ShapeError);
    expect(() => projectScaleInvariant(start, start, start, { channelAxis: 2 })).toThrow(/channelAxis/);
  });
});
