import { describe, expect, it } from "vitest";
import { grad } from "../../core/autodiff.js";
import { key, normal } from "../../core/random/index.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { treeLeaves } from "../../core/tree.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { mul } from "../../ops/arithmetic.js";
import { checkGradient } from "../../testing/gradient-check.js";
import { conjugateDirections } from "../conjugate-directions.js";
import { conjugateGradient } from "../conjugate-gradient.js";
import { poissonOperator } from "../poisson/poisson-operator.js";
import { dot } from "../vectors.js";
import { directionNetwork } from "./direction-network.js";
import { ritzResiduals } from "./ritz-data.js";
import { directionLoss, learnedDirections, poissonStencil, trainDirections } from "./train-directions.js";

const size = (tree: unknown): number => treeLeaves(tree).reduce((sum, t) => sum + t.size, 0);

describe("directionNetwork", () => {
  it("has the sizes of the paper's networks", () => {
    expect(size(directionNetwork().init(key(0)))).toBe(8265);
    expect(size(directionNetwork({ dims: 3 }).init(key(0)))).toBe(97_457);
  });

  it("is positively homogeneous where all biases are 0, as at the start", async () => {
    const net = directionNetwork();
    const params = net.init(key(1));
    const r = normal(key(2), [1, 1, 8, 8]);
    const [one, three] = await Promise.all(
      [net.apply(params, r), net.apply(params, mul(r, 3))].map((t) => t.data()),
    );
    expect([...one!].some((v) => Number(v) !== 0)).toBe(true);
    one!.forEach((v: number | bigint, i: number) => expect(Number(three![i])).toBeCloseTo(3 * Number(v), 4));
  });

  it("works on any even grid, and refuses others", () => {
    const net = directionNetwork({ dims: 3, channels: 2 });
    expect(net.apply(net.init(key(0)), normal(key(1), [2, 1, 4, 6, 2])).shape).toEqual([2, 1, 4, 6, 2]);
    expect(() => net.apply(net.init(key(0)), normal(key(1), [1, 1, 4, 4]))).toThrow(/3 even sides/);
    expect(() =>
      directionNetwork().apply(directionNetwork().init(key(0)), normal(key(1), [1, 1, 5, 4])),
    ).toThrow(/even/);
    expect(() => directionNetwork({ dims: 4 as never })).toThrow(/dims/);
  });
});

describe("directionLoss", () => {
  const product = poissonStencil(2);
  const r = normal(key(3), [3, 1, 6, 5]);

  it("uses the Poisson operator", async () => {
    for (const shape of [
      [6, 5],
      [3, 4, 5],
    ]) {
      const a = poissonOperator({ shape });
      const x = Float64Array.from({ length: a.size }, normalFrom(seededUniform(1)));
      const ours = await poissonStencil(shape.length as 2)(
        tensor(Float32Array.from(x), { shape: [1, 1, ...shape] }),
      ).data();
      a.apply(x).forEach((v, i) => expect(Number(ours[i])).toBeCloseTo(v, 4));
    }
  });

  it("does not care for scale and sign, and is 0 for the solution", async () => {
    const d = normal(key(4), [3, 1, 6, 5]);
    const plain = await directionLoss(product, r, d).item();
    expect(await directionLoss(product, r, mul(d, -7)).item()).toBeCloseTo(plain, 4);
    expect(await directionLoss(product, product(d), d).item()).toBeCloseTo(0, 6);
  });

  it("is that of steepest descent for d = r", async () => {
    const a = poissonOperator({ shape: [6, 5] });
    const values = (await r.data()) as Float32Array;
    const want = [0, 1, 2].map((n) => {
      const v = Float64Array.from(values.subarray(30 * n, 30 * n + 30));
      const av = a.apply(v);
      const step = dot(v, v) / dot(v, av);
      return v.reduce((sum, e, i) => sum + (e - step * av[i]!) ** 2, 0);
    });
    const mean = want.reduce((x, y) => x + y) / 3;
    expect(await directionLoss(product, r, r).item()).toBeCloseTo(mean, 3);
  });

  it("has the gradient of its values, through the step, too", async () => {
    const rows = [
      [
        [
          [0.3, -0.5],
          [0.2, 0.7],
        ],
      ],
      [
        [
          [0.1, 0.4],
          [-0.6, 0.2],
        ],
      ],
    ];
    const scaled = (x: Tensor): Tensor =>
      mul(
        x,
        tensor(
          [
            [
              [
                [2, 3],
                [4, 5],
              ],
            ],
          ],
          { dtype: x.dtype },
        ),
      );
    await checkGradient(
      (d) => directionLoss(scaled, tensor(rows, { dtype: d.dtype }), d),
      [
        [
          [
            [
              [1, 0.5],
              [-0.4, 0.9],
            ],
          ],
          [
            [
              [0.6, -0.2],
              [0.8, 0.3],
            ],
          ],
        ],
      ],
    );
  });
});

describe("learning directions", () => {
  const shape = [16, 16];
  const a = poissonOperator({ shape });

  it("draws residuals of norm 1 that lean to the lower spectrum", () => {
    const options = { ritzVectors: 60, samples: 20, seed: 2 };
    const { data, shape: rows } = ritzResiduals(a, options);
    expect(rows).toEqual([20, 256]);
    const quotient = (set: Float32Array): number => {
      let sum = 0;
      for (let n = 0; n < 20; n++) {
        const v = Float64Array.from(set.subarray(256 * n, 256 * n + 256));
        expect(dot(v, v)).toBeCloseTo(1, 5);
        sum += dot(v, a.apply(v)) / 20;
      }
      return sum;
    };
    const even = ritzResiduals(a, { ...options, lowWeight: 1 }).data;
    expect(quotient(data)).toBeLessThan(0.7 * quotient(even));
    expect(ritzResiduals(a, options).data).toEqual(data);
    expect(() => ritzResiduals(a, { ...options, samples: 0 })).toThrow(/samples/);
  });

  it("trains a network that needs a third of the iterations, around a solid it has not seen, too", async () => {
    const network = directionNetwork();
    const data = ritzResiduals(a, { ritzVectors: 120, samples: 400 });
    const records: number[] = [];
    const { params, status } = await trainDirections({
      ...{ network, shape, data, params: network.init(key(0)), steps: 300, stepsPerCall: 20 },
      onRecord: ({ loss }) => void records.push(loss),
    });
    expect(status).toBe("ok");
    expect(records.at(-1)).toBeLessThan(0.3 * records[0]!);
    const solid = Uint8Array.from({ length: 256 }, (_, i) =>
      Math.hypot((i >> 4) - 8, (i & 15) - 5) < 3 ? 1 : 0,
    );
    for (const operator of [a, poissonOperator({ shape, solid })]) {
      const b = Float64Array.from({ length: 256 }, normalFrom(seededUniform(4))).map(
        (v, i) => v * operator.free[i]!,
      );
      const learned = learnedDirections(network, params, operator);
      const ours = await conjugateDirections(operator, b, { direction: learned.direction, tolerance: 1e-8 });
      await learned.release();
      const cg = conjugateGradient(operator, b, { tolerance: 1e-8 });
      expect(ours.status).toBe("converged");
      expect(ours.iterations).toBeLessThan(0.67 * cg.iterations);
      ours.x.forEach((v, i) => operator.free[i] || expect(v).toBe(0));
    }
  }, 60_000);

  it("reaches every parameter with its gradient, and refuses data of another grid", async () => {
    const net = directionNetwork({ channels: 2 });
    const params = net.init(key(0));
    const r = normal(key(5), [2, 1, 4, 4]);
    const g = grad((p: typeof params) => directionLoss(poissonStencil(2), r, net.apply(p, r)))(params);
    for (const leaf of treeLeaves(g)) expect((await leaf.data()).some((v) => Number(v) !== 0)).toBe(true);
    const data = { data: new Float32Array(10), shape: [1, 10] };
    expect(() => trainDirections({ network: net, params, shape, data, steps: 1 })).toThrow(
      /rows of 256 cells/,
    );
  });
});
