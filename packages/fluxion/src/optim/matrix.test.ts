import { describe, expect, it } from "vitest";
import { compile, evaluate, random, scan, tensor, treeLeaves, valueAndGrad, type Tensor } from "../index.js";
import { readSafetensors, writeSafetensors } from "../onnx/index.js";
import {
  adadelta,
  adagrad,
  adagradNorm,
  adam,
  adamClip,
  adamp,
  adamw,
  addDecayedWeights,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  clipByValue,
  cosineSchedule,
  diffGrad,
  lion,
  momentum,
  nesterov,
  rmsprop,
  sgd,
  sgdClip,
  sgdp,
  signSgd,
  splitSgd,
  sophia,
  type Transform,
} from "./index.js";

/** An optimizer joins by one line here. */
const matrix: readonly (readonly [string, Transform])[] = [
  ["sgd", sgd({ learningRate: 0.01 })],
  ["momentum", momentum({ learningRate: 0.003 })],
  ["nesterov", nesterov({ learningRate: 0.003 })],
  ["adam", adam({ learningRate: 0.03 })],
  ["adam, amsgrad", adam({ learningRate: 0.03, amsgrad: true })],
  ["adamp", adamp({ learningRate: 0.03 })],
  ["sgdp", sgdp({ learningRate: 0.003 })],
  ["adamClip", adamClip({ learningRate: 0.03, fraction: 0.3 })],
  ["sgdClip", sgdClip({ learningRate: 0.003 })],
  ["signSgd", signSgd({ learningRate: cosineSchedule({ init: 0.02, steps: 600 }) })],
  [
    "splitSgd",
    splitSgd({
      learningRate: 0.03,
      signLearningRate: cosineSchedule({ init: 0.01, steps: 600 }),
      threshold: 2,
    }),
  ],
  ["sophia", sophia({ learningRate: cosineSchedule({ init: 0.02, steps: 600 }), weightDecay: 0 })],
  ["adamw", adamw({ learningRate: 0.03 })],
  ["adagrad", adagrad({ learningRate: 0.3 })],
  ["adadelta", adadelta({ learningRate: 3 })],
  ["diffgrad", diffGrad({ learningRate: 0.04 })],
  ["adagradNorm", adagradNorm({ learningRate: 1 })],
  ["adagradNorm, leaf", adagradNorm({ learningRate: 0.5, scope: "leaf" })],
  ["rmsprop", rmsprop({ learningRate: 0.003 })],
  ["rmsprop, centered", rmsprop({ learningRate: 0.001, centered: true, momentum: 0.5 })],
  ["lion", lion({ learningRate: cosineSchedule({ init: 0.02, steps: 600 }) })],
  [
    "a chain",
    chain(clipByValue(5), clipByGlobalNorm(2), addDecayedWeights(1e-3), sgd({ learningRate: 0.02 })),
  ],
];

type Problem<P> = { start: P; loss: (p: P) => Tensor; falls: number };
const problem = <P>(start: P, loss: (p: P) => Tensor, falls: number): Problem<P> => ({ start, loss, falls });

const a = tensor([
  [2, 1, 0],
  [0, 1, -1],
  [1, 0, 1.5],
]);

/** Functions with minimum 0 and the fraction of the start that 600 steps must get below. */
const problems = {
  quadratic: problem(
    tensor([1, 1]),
    (x) => x.slice(0).square().mul(0.5).add(x.slice(1).square().mul(5)),
    1e-3,
  ),
  Rosenbrock: problem(
    { x: tensor(-0.5), y: tensor(1) },
    ({ x, y }) => x.sub(1).square().add(y.sub(x.square()).square().mul(10)),
    0.1,
  ),
  matrix: problem(
    tensor([
      [1, 0],
      [-1, 1],
      [0, 2],
    ]),
    (x) =>
      a
        .matmul(x)
        .sub(a.sum(1, { keepDims: true }))
        .square()
        .sum(),
    0.02,
  ),
  "mixed tree": problem(
    {
      scale: tensor(0.2),
      layers: [{ w: tensor([[1, -2]]), b: tensor([0.5, 0.5]) }, { b: tensor([1]) }],
      n: tensor([3], { dtype: "int32" }),
    },
    ({ scale, layers: [first, second] }) => {
      const out = tensor([[1], [-1]])
        .matmul(first!.w!)
        .add(first!.b)
        .mul(scale);
      return out.sub(1).square().sum().add(second!.b.square().sum());
    },
    0.02,
  ),
};

type Step<P> = { params: P; state: unknown; loss: Tensor };

const stepOf =
  <P>(optimizer: Transform, loss: (p: P) => Tensor) =>
  (params: P, state: unknown): Step<P> => {
    const [value, grads] = valueAndGrad(loss)(params);
    const { updates, state: next } = optimizer.update(grads, state, params, {
      value,
      objective: loss,
      key: random.key(0),
    });
    return { params: applyUpdates(params, updates), state: next, loss: value };
  };

const numbers = async (tree: unknown): Promise<number[][]> => {
  await evaluate(tree);
  return Promise.all(treeLeaves(tree).map(async (t) => Array.from(await t.data(), Number)));
};

describe.each(matrix)("%s", (_, optimizer) => {
  it.each(Object.entries(problems))("%s: falls, inside scan", async (_name, { start, loss, falls }) => {
    const step = stepOf(optimizer, loss as (p: unknown) => Tensor);
    const run = compile((params: unknown) =>
      scan(
        (carry: { params: unknown; state: unknown }): [typeof carry, Tensor] => {
          const next = step(carry.params, carry.state);
          return [{ params: next.params, state: next.state }, next.loss];
        },
        { params, state: optimizer.init(params) },
        undefined,
        { length: 600 },
      ),
    );
    const [, losses] = await run(start);
    const values = Array.from(await losses.data(), Number);
    expect(values.at(-1)! / values[0]!).toBeLessThan(falls);
    await run.release();
  });

  it("compiled once, it steps as it does lazily; its state survives a file", async () => {
    const { start, loss } = problems["mixed tree"];
    const step = stepOf(optimizer, loss as (p: unknown) => Tensor);
    const compiled = compile(step);
    let lazy: Step<unknown> = { params: start, state: optimizer.init(start), loss: tensor(0) };
    let quick = lazy;
    for (let i = 0; i < 3; i++) {
      lazy = await evaluate(step(lazy.params, lazy.state));
      quick = await compiled(quick.params, quick.state);
    }
    expect(compiled.stats).toHaveLength(1);
    const [x, y] = [await numbers(quick), await numbers(lazy)];
    x.forEach((leaf, i) => leaf.forEach((v, k) => expect(v).toBeCloseTo(y[i]![k]!, 5)));

    const kept = { params: quick.params, state: quick.state };
    const file = await writeSafetensors(kept);
    const { tree } = readSafetensors(file, { like: kept });
    const after = await compiled(tree.params, tree.state);
    expect(await numbers(after)).toEqual(await numbers(await compiled(quick.params, quick.state)));
    expect(compiled.stats).toHaveLength(1);
    await compiled.release();
  });

  it("leaves parameters that are not floats alone", async () => {
    const { start, loss } = problems["mixed tree"];
    const { params } = stepOf(optimizer, loss)(start, optimizer.init(start));
    expect(params.n.dtype).toBe("int32");
    expect(await params.n.toArray()).toEqual([3]);
  });
});
