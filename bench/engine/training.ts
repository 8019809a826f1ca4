// Our side: the training step of a case as one compiled program whose outputs are its next inputs.
import {
  compile,
  evaluate,
  logSoftmax,
  random,
  relu,
  scan,
  tensor,
  treeLeaves,
  valueAndGrad,
  type Compiled,
  type CompileOptions,
  type Tensor,
} from "fluxion";
import { conv, dit, gpt, mlp, unet, type Model } from "fluxion/nn";
import { adam, applyUpdates } from "fluxion/optim";
import type { Case, ConvCase } from "./cases.js";
import { floats, generator } from "./random.js";

/** What a step reads besides its state: inputs and targets, and for the flow models times. */
export type Batch = { x: Tensor; y: Tensor; t?: Tensor };

/** Parameters and Adam's state. */
export type State = { params: object; opt: unknown };

/** Makes parameters, and the loss of a batch under them. */
export interface Problem {
  init: (key: Tensor) => object;
  loss: (params: object, batch: Batch) => Tensor;
  batch: Batch;
}

/** A step ready to run again and again. */
export interface Training {
  readonly problem: Problem;
  readonly step: Compiled<[state: State, batch: Batch], { loss: Tensor; state: State }>;
  /** State after initialisation. */
  readonly state: State;
  readonly parameters: number;
}

const numbers = generator();
export const uniform = (...shape: number[]): Tensor =>
  tensor(
    floats(
      numbers,
      shape.reduce((a, b) => a * b, 1),
    ),
    { shape },
  );
const tokens = (below: number, ...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Int32Array.from({ length: size }, () => Math.floor(numbers() * below)),
    { shape },
  );
};

function convNet(c: ConvCase): Model<{ layers: ReturnType<ReturnType<typeof conv>["init"]>[] }> {
  const sizes = [1, ...new Array<number>(c.layers - 1).fill(c.channels), 1];
  const layers = sizes.slice(1).map((o, i) => conv(sizes[i]!, o));
  return {
    init: (key) => ({ layers: layers.map((layer, i) => layer.init(random.foldIn(key, i))) }),
    apply: (params, x) =>
      layers.reduce((h, layer, i) => {
        const y = layer.apply(params.layers[i]!, h);
        return i === layers.length - 1 ? y : relu(y);
      }, x),
  };
}

/** Mean squared error of a model's output. */
function regression<P extends object>(
  model: Model<P, [x: Tensor, t: Tensor]> | Model<P>,
  batch: Batch,
): Problem {
  const apply = model.apply as (params: object, x: Tensor, t?: Tensor) => Tensor;
  return {
    init: model.init,
    loss: (params, { x, y, t }) => apply(params, x, t).sub(y).square().mean(),
    batch,
  };
}

/** The model, loss and data of a case. */
export function problem(c: Case): Problem {
  if (c.kind === "mlp") {
    const batch = { x: uniform(c.batch, c.size), y: uniform(c.batch, c.size) };
    return regression(mlp({ inputs: c.size, hidden: c.hidden, outputs: c.size }), batch);
  }
  if (c.kind === "gpt") {
    const { batch, vocabulary, context, width, depth, heads } = c;
    const model = gpt({ vocabulary, context, width, depth, heads });
    return {
      init: model.init,
      loss: (params, { x, y }) => {
        const scores = logSoftmax(model.apply(params as Parameters<typeof model.apply>[0], x));
        return scores.takeAlongAxis(y.expandDims(-1), -1).mean().neg();
      },
      batch: { x: tokens(vocabulary, batch, context), y: tokens(vocabulary, batch, context) },
    };
  }
  const image = [c.batch, 1, c.side, c.side];
  const batch = { x: uniform(...image), y: uniform(...image) };
  if (c.kind === "conv") return regression(convNet(c), batch);
  const timed = { ...batch, t: uniform(c.batch).abs() };
  if (c.kind === "unet") return regression(unet({ channels: 1, widths: c.widths, groups: c.groups }), timed);
  const { patch, width, depth, heads } = c;
  return regression(dit({ image: [1, c.side, c.side], patch, width, depth, heads }), timed);
}

/** The training step of a case: loss, gradients and Adam's update in one call, `steps` times for an MLP. */
export async function training(c: Case, options: CompileOptions = {}): Promise<Training> {
  const { init, loss, batch: one } = problem(c);
  const optimizer = adam({ learningRate: 1e-3 });
  const update = ({ params, opt }: State, batch: Batch): [State, Tensor] => {
    const [value, grads] = valueAndGrad(loss)(params, batch);
    const { updates, state } = optimizer.update(grads, opt, params);
    return [{ params: applyUpdates(params, updates), opt: state }, value];
  };
  const steps = c.kind === "mlp" ? c.steps : 1;
  const batch = steps === 1 ? one : { x: uniform(steps, ...one.x.shape), y: uniform(steps, ...one.y.shape) };
  const step = compile((state: State, data: Batch) => {
    if (steps === 1) {
      const [next, value] = update(state, data);
      return { loss: value, state: next };
    }
    const [last, losses] = scan(update, state, data);
    return { loss: losses.mean(), state: last };
  }, options);
  const params = init(random.key(0));
  const state = { params, opt: optimizer.init(params) };
  await evaluate([...treeLeaves(state), ...treeLeaves(batch)]);
  const parameters = treeLeaves(params).reduce((sum, t) => sum + t.size, 0);
  return { problem: { init, loss, batch }, step, state, parameters };
}

/** A function that runs one call of the step, feeding its outputs back, and gives the loss. */
export function runner({ step, state, problem }: Training): () => Promise<Tensor> {
  let current = state;
  return async () => {
    const out = await step(current, problem.batch);
    current = out.state;
    return out.loss;
  };
}
