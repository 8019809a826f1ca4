import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { gaussianVelocity } from "./exact.js";
import { fireFlow, rfSolver } from "./rf-solver.js";
import { functionEvaluations, sampleOde, type Velocity } from "./sample.js";
import { euler, heun, midpoint, type Solver } from "./solver.js";

const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
const roundTrip = (v: Velocity, x: Tensor, solver: Solver, steps: number): Tensor =>
  sampleOde(v, sampleOde(v, x, { solver, steps }), { solver, steps, from: 1, to: 0 });
const gap = async (a: Tensor, b: Tensor): Promise<number> => a.sub(b).abs().max().item();
const slope = (errors: readonly number[]): number => Math.log2(errors[0]! / errors[1]!);

it("alpha = 1/2 is the midpoint rule, alpha = 1 Heun's (unit check 1)", async () => {
  const v: Velocity = (x, t) => x.mul(2).sin().add(x.mul(t).cos());
  const x = f64([0.3, -1.2, 2]);
  for (const [alpha, solver] of [
    [0.5, midpoint],
    [1, heun],
  ] as const) {
    const options = { steps: 3 };
    const own = sampleOde(v, x, { ...options, solver: rfSolver({ alpha }) });
    expect(await gap(own, sampleOde(v, x, { ...options, solver }))).toBeLessThan(1e-14);
  }
});

it("there and back on dz/dt = λz gives the closed forms (unit check 2)", async () => {
  const [lambda, n] = [1.3, 8];
  const h = lambda / n;
  const v: Velocity = (x) => x.mul(lambda);
  const back = async (solver: Solver): Promise<number> => roundTrip(v, f64([1]), solver, n).item();
  expect(await back(rfSolver())).toBeCloseTo((1 + h ** 4 / 4) ** n, 13);
  expect(await back(euler)).toBeCloseTo((1 - h ** 2) ** n, 13);
});

it("global order 2, round-trip order 3, Euler's 1 and 1 (unit check 3)", async () => {
  const v: Velocity = (x, t) => x.square().mul(t);
  const x = f64([0.5]);
  const errors = async (solver: Solver, to: Tensor, run: (n: number) => Tensor) => {
    const list = [];
    for (const n of [10, 20, 40]) list.push(await gap(run(n), to));
    return { first: list[0]!, late: slope(list.slice(1)) };
  };
  const cases: [Solver, number, number | undefined][] = [
    [euler, 1, 1],
    [rfSolver(), 2, 3],
    [rfSolver({ alpha: 2 / 3 }), 2, 3],
    [rfSolver({ alpha: 1 }), 2, 3],
    [fireFlow, 2, undefined],
  ];
  const seen: Record<string, number[]> = {};
  for (const [solver, order, tripOrder] of cases) {
    const once = await errors(solver, f64([2 / 3]), (steps) => sampleOde(v, x, { solver, steps }));
    expect(Math.abs(once.late - order), solver.name).toBeLessThan(0.1);
    const trip = await errors(solver, x, (steps) => roundTrip(v, x, solver, steps));
    if (tripOrder) expect(Math.abs(trip.late - tripOrder), solver.name).toBeLessThan(0.1);
    seen[solver.name] = [once.first, trip.first];
  }
  expect(seen["euler"]![0]).toBeCloseTo(2.8e-2, 3);
  expect(seen["rf-solver 0.5"]![0]).toBeCloseTo(8.7e-4, 5);
  expect(seen["euler"]![1]).toBeCloseTo(3.2e-2, 3);
  expect(seen["rf-solver 0.5"]![1]).toBeCloseTo(8.7e-5, 6);
});

it("on Gaussian data ten steps beat twenty of Euler's by far (unit check 4)", async () => {
  const v = gaussianVelocity({ std: 2 });
  const error = async (solver: Solver, steps: number): Promise<number> =>
    gap(sampleOde(v, f64([1]), { solver, steps }), f64([2]));
  expect(await error(euler, 20)).toBeCloseTo(0.143, 3);
  expect(await error(rfSolver(), 10)).toBeCloseTo(4.6e-4, 5);
});

it("a straight flow is exact in one step, whatever the solver (unit check 5)", async () => {
  for (const solver of [euler, rfSolver(), rfSolver({ alpha: 0.3 }), fireFlow])
    expect(await sampleOde((x) => x.mul(0).add(2), f64([1]), { solver, steps: 1 }).item()).toBeCloseTo(3, 14);
});

it("FireFlow asks once a step and once more, at the middle of each step", async () => {
  const times: Tensor[] = [];
  const counted: Velocity = (x, t) => (times.push(t), x);
  sampleOde(counted, f64([1]), { solver: fireFlow, steps: 1 });
  expect(times).toHaveLength(2);
  expect(await Promise.all(times.map((t) => t.item()))).toEqual([0, 0.5]);
  expect(functionEvaluations({ solver: fireFlow, steps: 16 })).toBe(17);
  expect(functionEvaluations({ solver: rfSolver(), steps: 16 })).toBe(32);
  // Euler's last step needs no memory.
  const mixed = sampleOde((x) => x, f64([1]), { solver: fireFlow, last: euler, steps: 2 });
  expect(await mixed.item()).toBeCloseTo((1 + 0.5 * 1.25) * 1.5, 12);
});

it("refuses an alpha that is none", () => {
  for (const alpha of [0, -1, 1.5, NaN]) expect(() => rfSolver({ alpha })).toThrow(OptionError);
  expect(() => rfSolver({ aplha: 1 } as never)).toThrow(/aplha/);
});
