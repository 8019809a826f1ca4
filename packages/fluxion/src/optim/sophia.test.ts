import { describe, expect, it } from "vitest";
import {
  evaluate,
  logSoftmax,
  OptionError,
  random,
  tensor,
  valueAndGrad,
  type NestedArray,
  type Tensor,
} from "../index.js";
import { train } from "../train/index.js";
import {
  applyUpdates,
  gaussNewton,
  hutchinson,
  signSgd,
  sophia,
  sophiaWinRate,
  trace,
  chain,
  scale,
  type DiagonalEstimator,
  type Transform,
} from "./index.js";

const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => [...((await t.data()) as Float64Array)];
const bowl = (p: Tensor): Tensor =>
  p
    .square()
    .mul(double([0.5, 5]))
    .sum();
const fixed =
  (...values: number[]): DiagonalEstimator =>
  () =>
    double(values) as never;
/** 64 times the square of the bowl's gradient: what Gauss-Newton-Bartlett would give for 64 equal examples. */
const squares: DiagonalEstimator = (p) =>
  valueAndGrad(bowl)(p as never)[1]
    .square()
    .mul(64) as never;

async function path(
  optimizer: Transform,
  steps: number,
  start = double([1, 1]),
  f = bowl,
): Promise<number[][]> {
  let p = start;
  let state = optimizer.init(p);
  const points: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const extra = { objective: f, key: random.key(i) };
    const { updates, state: next } = optimizer.update(valueAndGrad(f)(p)[1], state, p, extra);
    p = await evaluate(applyUpdates(p, updates));
    state = next;
    points.push(await numbers(p));
  }
  return points;
}
const close = (got: readonly number[][], want: readonly number[][]): void =>
  want.flat().forEach((value, i) => expect(Math.abs(value - got.flat()[i]!)).toBeLessThan(1e-12));
const both = (...values: number[]): number[][] => values.map((v) => [v, v]);

describe("sophia", () => {
  const common = { learningRate: 0.1, weightDecay: 0.1, interval: 2 };

  it("follows algorithm 3, estimating at steps 1, 3, 5", async () => {
    const optimizer = sophia({ ...common, estimator: squares, gamma: 0.04, b1: 0.965 });
    close(await path(optimizer, 5), [
      [0.89, 0.976328125],
      [0.7811, 0.9400232482910156],
      [0.673289, 0.9100937551940311],
      [0.5665561100000001, 0.8745411771128282],
      [0.4608905489, 0.8429754958028706],
    ]);
  });

  it("moves coordinates of different curvature alike", async () => {
    const run = (gamma: number): Promise<number[][]> =>
      path(sophia({ ...common, estimator: fixed(1, 10), gamma, b1: 0.96 }), 5);
    close(await run(20), both(0.97, 0.9217, 0.8845985778894472, 0.8400931089156839, 0.8030986156993963));
    close(await run(200), both(0.988, 0.974224, 0.9616231630150753, 0.9482962228391807, 0.9357879314799625));
  });

  it("follows the sign where the curvature is negative", async () => {
    const saddle = (p: Tensor): Tensor =>
      p
        .square()
        .mul(double([0.5, -0.5]))
        .sum();
    const optimizer = sophia({ ...common, weightDecay: 0, estimator: fixed(1, -1), gamma: 20, b1: 0.96 });
    close(await path(optimizer, 3, double([1, 0.5]), saddle), [
      [0.98, 0.6],
      [0.9412, 0.7],
      [0.9130231155778895, 0.8],
    ]);
  });

  it("is momentum by signs for gamma 0, and never moves a coordinate by more than the learning rate", async () => {
    const signs = chain(trace(0.96), scale(0.04), signSgd({ learningRate: 0.1 }));
    const ours = await path(sophia({ learningRate: 0.1, weightDecay: 0, gamma: 0 }), 6);
    close(ours, await path(signs, 6));
    const decayed = [[1, 1], ...(await path(sophia({ ...common, gamma: 3, b2: 0.5 }), 12))];
    for (let t = 1; t < decayed.length; t++)
      decayed[t]!.forEach((x, i) =>
        expect(Math.abs(x - 0.99 * decayed[t - 1]![i]!)).toBeLessThanOrEqual(0.1 + 1e-12),
      );
  });

  it("estimates only every interval steps, and says how much it does not clip", async () => {
    let asked = 0;
    const estimator: DiagonalEstimator = (p) => {
      asked++;
      return p;
    };
    const optimizer = sophia({ interval: 1, gamma: 1e-9, estimator });
    const p = double([1, 1]);
    const { state } = optimizer.update(p, optimizer.init(p), p);
    expect(asked).toBe(1);
    expect(await sophiaWinRate(state).item()).toBe(0);
    const wide = sophia({ interval: 1, gamma: 100, b2: 0, estimator: fixed(1e-9, 1) });
    expect(await sophiaWinRate(wide.update(p, wide.init(p), p).state).item()).toBe(0.5);
    expect(() => sophiaWinRate([{}])).toThrow(OptionError);
  });

  it.each([
    [
      "hutchinson",
      sophia({ learningRate: 0.05, interval: 5, estimator: hutchinson({ distribution: "rademacher" }) }),
    ],
    [
      "gaussNewton",
      sophia({
        learningRate: 0.05,
        interval: 5,
        gamma: 0.05,
        estimator: gaussNewton((w: Tensor, { x }: { x: Tensor }) => x.matmul(w)),
      }),
    ],
  ])("trains a classifier in the loop of train, several steps a call: %s", async (_, optimizer) => {
    const x = random.normal(random.key(0), [64, 4]);
    const y = x.matmul(random.normal(random.key(1), [4, 3])).argmax(-1);
    const { history, state } = await train({
      params: random.normal(random.key(2), [4, 3]).mul(0.1),
      loss: (w: Tensor, batch: { x: Tensor; y: Tensor }) =>
        logSoftmax(batch.x.matmul(w)).takeAlongAxis(batch.y.expandDims(-1), -1).mean().neg(),
      batches: () => ({ x, y }),
      ...{ optimizer, steps: 60, stepsPerCall: 10, recordEvery: 1 },
    });
    expect(history.at(-1)!.loss).toBeLessThan(0.35 * history[0]!.loss);
    expect(await sophiaWinRate(state).item()).toBeLessThanOrEqual(1);
  });

  it("refuses wrong options, and says what it was not told", () => {
    expect(() => sophia({ gamma: -1 })).toThrow(OptionError);
    expect(() => sophia({ interval: 0 })).toThrow(OptionError);
    expect(() => sophia({ rho: 1 } as never)).toThrow(OptionError);
    const p = double([1, 1]);
    const optimizer = sophia({ interval: 1 });
    expect(() => optimizer.update(p, optimizer.init(p))).toThrow(/params/);
    expect(() => optimizer.update(p, optimizer.init(p), p)).toThrow(/extra\.objective/);
    expect(() => optimizer.update(p, optimizer.init(p), p, { objective: bowl })).toThrow(/extra\.key/);
  });
});
