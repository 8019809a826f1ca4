import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import { grad } from "../core/autodiff.js";
import { key, normal } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { seededUniform } from "../data/seeded.js";
import { add, mul, square } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { matmul } from "../ops/matmul.js";
import { expandDims, reshape } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import {
  alongAxis,
  composed,
  finiteDifference,
  fourierBasis,
  adjoint,
  periodicDerivative,
} from "./derivatives.js";
import { diffusionSorption, sorptionLaw } from "./diffusion-sorption.js";
import { partition, unpartition } from "./experts.js";
import { fieldModel } from "./field-model.js";
import { hardConstraint } from "./hard-constraint.js";
import { identityLaw, type PointwiseLaw } from "./law.js";
import { evaluateField, trainField } from "./train-field.js";
import { vorticityFlow, vorticityLaw } from "./vorticity.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const noise = (seed: number, shape: number[]): Tensor => cast(normal(key(seed), shape), "float64");

describe("derivatives on a grid", () => {
  it("are exact for linear functions everywhere, and inside for quadratic ones", async () => {
    const d = finiteDifference(6, 0.5);
    const x = [0, 1, 2, 3, 4, 5].map((i) => 0.5 * i);
    const of = (f: (v: number) => number) =>
      numbers(alongAxis(d, tensor(x.map(f), { dtype: "float64", shape: [1, 6] }), 1));
    (await of((v) => 3 * v - 1)).forEach((v) => expect(v).toBeCloseTo(3, 10));
    const square = await of((v) => v * v);
    for (let i = 1; i < 5; i++) expect(square[i]).toBeCloseTo(2 * x[i]!, 10);
    expect(composed(d, d).matrix).toHaveLength(36);
    expect(() => finiteDifference(1, 1)).toThrow(/n/);
  });

  it("are exact for waves of periodic functions, and their basis is orthonormal", async () => {
    const n = 8;
    const x = Array.from({ length: n }, (_, i) => (2 * Math.PI * i) / n);
    const slope = await numbers(
      alongAxis(
        periodicDerivative(n),
        tensor(
          x.map((v) => Math.sin(2 * v)),
          { dtype: "float64", shape: [1, n] },
        ),
        1,
      ),
    );
    slope.forEach((v, i) => expect(v).toBeCloseTo(2 * Math.cos(2 * x[i]!), 10));
    const basis = fourierBasis(n);
    composed(basis, adjoint(basis)).matrix.forEach((v, i) =>
      expect(v).toBeCloseTo(i % (n + 1) === 0 ? 1 : 0, 10),
    );
  });
});

describe.each([
  [
    "diffusion and sorption",
    sorptionLaw({ diffusion: 0.25, strength: 2.2, exponent: 0.874, floor: 1e-6 }),
    [0.3, 1.2, -0.7],
  ],
  ["vorticity", vorticityLaw(50), [0.3, 1.2, -0.7, 0.4, 2, -1]],
  ["identity", identityLaw, [0.7]],
] as const)("the law of %s", (_, law: PointwiseLaw, at) => {
  it("has the derivatives of its residual", async () => {
    const k = at.length;
    const host = (v: readonly number[]) => {
      const [first, second] = [new Float64Array(k), new Float64Array(k * k)];
      return { r: law.expand(Float64Array.from(v), first, second), first, second };
    };
    const { r, first, second } = host(at);
    const [same] = await numbers(law.residual(at.map((v) => tensor([v], { dtype: "float64" }))));
    expect(r).toBeCloseTo(same!, 10);
    const h = 1e-5;
    for (let i = 0; i < k; i++) {
      const [up, down] = [h, -h].map((s) => host(at.map((v, j) => (j === i ? v + s : v))));
      expect(first[i]).toBeCloseTo((up!.r - down!.r) / (2 * h), 5);
      for (let j = 0; j < k; j++)
        expect(second[i * k + j]).toBeCloseTo((up!.first[j]! - down!.first[j]!) / (2 * h), 4);
    }
  });
});

describe("experts", () => {
  it.each([[[1, 1]], [[2, 1]], [[1, 4]], [[2, 2]]])(
    "part a grid and put it together again: %j",
    async (experts) => {
      const x = noise(1, [24, 3]);
      const parts = partition(x, [6, 4], experts);
      expect(parts.shape).toEqual([experts[0]! * experts[1]!, 24 / (experts[0]! * experts[1]!), 3]);
      expect(await numbers(unpartition(parts, [6, 4], experts))).toEqual(await numbers(x));
      expect(() => partition(x, [6, 4], [4, 1])).toThrow(/divide the axes/);
    },
  );
});

describe("the layer", () => {
  const [n, points] = [3, 24];
  const grid = [6, 4];
  const terms = [noise(2, [points, n])];
  const offsets = [noise(3, [points])];
  const constraints = { points: { law: identityLaw, terms, offsets }, shared: [] };

  it("solves linear constraints as the normal equations do, with their derivative", async () => {
    const run = compile(
      (b: Tensor) =>
        hardConstraint(
          { points: { law: identityLaw, terms, offsets: [b] }, shared: [] },
          { grid, ridge: 0, tolerance: 0 },
        ).weights,
    );
    const w = await numbers(await run(offsets[0]!));
    const a = await numbers(terms[0]!);
    const r = (await numbers(offsets[0]!)).map(
      (v, i) => v + [0, 1, 2].reduce((s, k) => s + a[3 * i + k]! * w[k]!, 0),
    );
    for (let k = 0; k < n; k++) expect(r.reduce((s, v, i) => s + v * a[3 * i + k]!, 0)).toBeCloseTo(0, 8);
    // dw/db = −(AᵀA)⁻¹Aᵀ, so A·dw/db is minus the projection on A's columns.
    const g = await numbers(
      await compile((b: Tensor) =>
        grad((v: Tensor) => {
          const { weights } = hardConstraint(
            { points: { law: identityLaw, terms, offsets: [v] }, shared: [] },
            { grid, ridge: 0 },
          );
          return sum(mul(matmul(terms[0]!, reshape(weights, [n, 1])), expandDims(offsets[0]!, 1)));
        })(b),
      )(offsets[0]!),
    );
    const b = await numbers(offsets[0]!);
    b.forEach((v, i) => expect(g[i]! + v).toBeCloseTo(r[i]!, 6));
  });

  it("gives one expert for all bit for bit what no experts give, and its own rows to each", async () => {
    const of = (experts?: number[], sample?: Tensor) =>
      compile(
        () =>
          hardConstraint(constraints, {
            grid,
            ...(experts ? { experts } : {}),
            ...(sample ? { sample } : {}),
          }).weights,
      )();
    expect(await numbers(await of([1, 1]))).toEqual(await numbers(await of()));
    const two = await of([2, 1]);
    expect(two.shape).toEqual([2, n]);
    const half = Float64Array.from({ length: points }, (_, i) => (i < 12 ? 1 : 0));
    const first = await numbers(await of([1, 1], tensor(half)));
    (await numbers(two)).slice(0, n).forEach((v, k) => expect(v).toBeCloseTo(first[k]!, 6));
  });

  it("finds the basis function that solves all, and does not care for the basis", async () => {
    const truth = noise(5, [points, 1]);
    const rows = (basis: Tensor) => ({
      points: { law: identityLaw, terms: [basis], offsets: [mul(reshape(truth, [-1]), -1)] },
      shared: [],
    });
    const basis = compile(
      () =>
        hardConstraint(
          rows(
            add(
              matmul(truth, tensor([[0, 1, 0]], { dtype: "float64" })),
              mul(noise(6, [points, n]), tensor([[1, 0, 1]], { dtype: "float64" })),
            ),
          ),
          { grid, ridge: 1e-8 },
        ).weights,
    );
    const w = await numbers(await basis());
    [0, 1, 0].forEach((v, k) => expect(w[k]).toBeCloseTo(v, 5));
    const m = tensor(
      [
        [2, 1, 0],
        [0, 1, -1],
        [1, 0, 3],
      ],
      { dtype: "float64" },
    );
    const field = (b: Tensor) =>
      compile(() =>
        matmul(
          b,
          reshape(
            hardConstraint(
              { points: { law: identityLaw, terms: [b], offsets }, shared: [] },
              { grid, ridge: 0, tolerance: 0 },
            ).weights,
            [n, 1],
          ),
        ),
      )();
    const [plain, mixed] = [
      await numbers(await field(terms[0]!)),
      await numbers(await field(matmul(terms[0]!, m))),
    ];
    plain.forEach((v, i) => expect(v).toBeCloseTo(mixed[i]!, 7));
  });

  it("refuses rows that do not fit", () => {
    expect(() => hardConstraint(constraints, { grid: [5, 4] })).toThrow(/each of 20 points/);
    expect(() =>
      hardConstraint({ ...constraints, shared: [{ law: identityLaw, terms: [noise(1, [2, 5])] }] }, { grid }),
    ).toThrow(/\[M, 3\]/);
    expect(() => hardConstraint(constraints, { grid, ridge: -1 })).toThrow(/ridge/);
    expect(() => hardConstraint(constraints, { grid, solver: 1 } as never)).toThrow(/option "solver"/);
  });
});

describe("fields", () => {
  const problem = diffusionSorption({ times: 5, points: 8 });
  const condition = Float64Array.of(0.1);

  it("have the gradient of solves anew, through a nonlinear law with residuals that are not 0", async () => {
    const model = fieldModel(problem, {
      basis: 3,
      hidden: [4],
      experts: [1, 2],
      layer: { tolerance: 1e-14, maxIterations: 200 },
    });
    const params = model.init(key(1));
    const bias = params.layers[1]!.bias!;
    const score = (b: Tensor): Tensor => {
      const [first, last] = params.layers;
      const { field } = model.apply({ layers: [first!, { ...last!, bias: b }] }, tensor(condition));
      return sum(square(field));
    };
    const [value, slope] = [compile(score), compile((b: Tensor) => grad(score)(b))];
    const g = await numbers(await slope(bias));
    const at = await numbers(bias);
    const h = 1e-4;
    for (let i = 0; i < 3; i++) {
      const moved = async (s: number): Promise<number> =>
        (
          await value(
            tensor(
              at.map((v, k) => (k === i ? v + s : v)),
              { dtype: "float64" },
            ),
          )
        ).item();
      const want = ((await moved(h)) - (await moved(-h))) / (2 * h);
      expect(Math.abs(g[i]! - want)).toBeLessThan(1e-3 * Math.max(1, Math.abs(want)));
    }
  });

  it("get better with training, by each method", async () => {
    for (const options of [{ method: "soft" }, {}, { experts: [1, 2] }] as const) {
      const model = fieldModel(problem, { basis: 4, hidden: [8], ...options });
      const { status, history, params } = await trainField(model, { steps: 40, recordEvery: 1 });
      expect(status).toBe("ok");
      const part = (from: number): number => history.slice(from, from + 5).reduce((s, r) => s + r.loss, 0);
      expect(part(35)).toBeLessThan(part(0));
      const [seen] = await evaluateField(model, params, [condition]);
      expect(seen!.error).toBeGreaterThan(0);
      expect(seen!.error).toBeLessThan(2);
      expect(seen!.iterations).toHaveLength("experts" in options ? 2 : "method" in options ? 0 : 1);
    }
  }, 30_000);

  it("of diffusion keep their conditions in the reference solution", () => {
    const u = problem.reference(condition);
    for (let time = 1; time < 5; time++) {
      expect(u[time * 8]).toBeCloseTo(1, 8);
      for (let i = 1; i < 8; i++) expect(u[time * 8 + i]!).toBeLessThanOrEqual(u[time * 8 + i - 1]! + 1e-9);
    }
    expect(() => diffusionSorption({ soil: { porosity: 2 } })).toThrow(/porosity/);
  });

  it("of a single wave die out as they must, and stay where they started at time 0", () => {
    const flow = vorticityFlow({ times: 3, points: 8, reynolds: 10, waves: 1 });
    const amplitudes = new Float64Array(flow.conditions);
    amplitudes[0] = 1;
    const w = flow.reference(amplitudes);
    const energy = (time: number): number =>
      w.subarray(64 * time, 64 * (time + 1)).reduce((s, v) => s + v * v, 0);
    expect(energy(2) / energy(0)).toBeCloseTo(Math.exp(-0.2), 4);
    expect(flow.draw(seededUniform(0))).toHaveLength(flow.conditions);
    const state = flow.ansatz(noise(1, [3, 8, 8, 2]), tensor(amplitudes));
    expect(state.offset!.shape).toEqual([3, 8, 8]);
    expect(() => vorticityFlow({ points: 7 })).toThrow();
  });
});
