// Trains flows of Fashion-MNIST at 7 x 7 stage by stage, and counts what every stage costs.
import { random, treeLeaves } from "fluxion";
import type { ArrayData } from "fluxion/data";
import {
  generatePairs,
  trainFlow,
  type FlowMlpParams,
  type FlowModel,
  type FlowObjective,
  type FlowPairs,
  type Path,
  type Prediction,
  type Solver,
} from "fluxion/flow";
import { chain, clipByGlobalNorm, type Transform } from "fluxion/optim";
import { benchOptimizer, benchTraining, network, shape } from "../../papers/fashion7.js";

/** The same for every method. */
export interface FlowBudget {
  /** Optimizer steps of a first flow, of what is trained on its pairs, and of a distillation. */
  readonly first: number;
  readonly second: number;
  readonly distilled: number;
  /** Pairs of a flow, and solver steps that make them. */
  readonly pairs: number;
  readonly pairSteps: number;
  /** Samples that a Fréchet distance is taken of. */
  readonly samples: number;
}

/** What `npm run bench -- flows` spends. */
export const flowBudget: FlowBudget = {
  ...{ first: 1500, second: 1000, distilled: 400 },
  ...{ pairs: 10_000, pairSteps: 50, samples: 5000 },
};

/** What training took, with all that went before. */
export interface FlowCost {
  /** Optimizer steps. */
  readonly steps: number;
  /** Examples that went through a network, forth and back, and forth only. */
  readonly gradients: number;
  readonly evaluations: number;
  /** Multiplications by a parameter: 3 for an example forth and back, 1 for one forth. */
  readonly work: number;
  readonly seconds: number;
}

/** Examples through a network of so many parameters. */
export interface Through {
  readonly parameters: number;
  readonly gradients?: number;
  readonly evaluations?: number;
}

const nothing: FlowCost = { steps: 0, gradients: 0, evaluations: 0, work: 0, seconds: 0 };

/** `before` and a stage more. */
export function withStage(
  before: FlowCost,
  steps: number,
  seconds: number,
  through: readonly Through[],
): FlowCost {
  const sum = (of: (t: Through) => number): number => through.reduce((total, t) => total + of(t), 0);
  return {
    steps: before.steps + steps,
    gradients: before.gradients + sum((t) => t.gradients ?? 0),
    evaluations: before.evaluations + sum((t) => t.evaluations ?? 0),
    work: before.work + sum((t) => t.parameters * (3 * (t.gradients ?? 0) + (t.evaluations ?? 0))),
    seconds: before.seconds + seconds,
  };
}

/** How a model is read as a flow and sampled. */
export interface Reading {
  readonly path?: Path;
  readonly prediction?: Prediction;
  readonly solver?: Solver;
}

/** A trained model. */
export interface MadeFlow {
  readonly model: FlowModel<FlowMlpParams>;
  /** What training goes on from. */
  readonly params: FlowMlpParams;
  /** What samples are drawn with. */
  readonly average: FlowMlpParams;
  readonly reading: Reading;
  readonly cost: FlowCost;
}

/** Number of parameters. */
export const sizeOf = (params: unknown): number =>
  treeLeaves(params).reduce((sum, leaf) => sum + leaf.size, 0);

/** What trains one stage: the common options, its length, and the optimizer for it. */
export type StageOptions = typeof benchTraining & {
  readonly seed: number;
  readonly steps: number;
  readonly optimizer: Transform;
};

/** The methods' tools for one seed. Whatever has been made is kept: stages that methods share are trained once. */
export class Workshop {
  readonly #made = new Map<string, Promise<MadeFlow>>();
  readonly #pairs = new Map<MadeFlow, { pairs: FlowPairs; cost: FlowCost }>();

  constructor(
    readonly data: ArrayData<Float32Array>,
    readonly seed: number,
    readonly budget: FlowBudget,
  ) {}

  /** What `make` gives, made once under this name. */
  once(name: string, make: () => Promise<MadeFlow>): Promise<MadeFlow> {
    const known = this.#made.get(name);
    if (known) return known;
    const made = make();
    this.#made.set(name, made);
    return made;
  }

  /** A flow from noise to the images. */
  first(
    name: string,
    objective: FlowObjective = {},
    how: { steps?: number; clip?: boolean; solver?: Solver } = {},
  ): Promise<MadeFlow> {
    const { steps = this.budget.first, clip = false, solver } = how;
    const { path, prediction } = objective;
    const reading = {
      ...{ ...(path ? { path } : {}), ...(prediction ? { prediction } : {}), ...(solver ? { solver } : {}) },
    };
    const [model, params] = [network.apply, network.init(random.key(this.seed))];
    return this.once(name, () =>
      this.train(nothing, steps, { clip }, { model, params, reading }, (options) =>
        trainFlow({ ...options, model, params, data: { x1: this.data }, objective }),
      ),
    );
  }

  /** The network of `flow` trained further, or another one. */
  async train(
    before: FlowCost,
    steps: number,
    how: { rate?: number; clip?: boolean; through?: readonly Through[] },
    from: { model: FlowModel<FlowMlpParams>; params: FlowMlpParams; reading?: Reading },
    run: (options: StageOptions) => Promise<{ params: FlowMlpParams; ema?: FlowMlpParams | undefined }>,
  ): Promise<MadeFlow> {
    const { rate = 1e-3, clip = false } = how;
    const rule = benchOptimizer(steps, rate);
    const parameters = sizeOf(from.params);
    const through = how.through ?? [{ parameters, gradients: steps * benchTraining.batchSize }];
    const start = performance.now();
    const { params, ema } = await run({
      ...{
        ...benchTraining,
        seed: this.seed,
        steps,
        optimizer: clip ? chain(clipByGlobalNorm(1), rule) : rule,
      },
    });
    const cost = withStage(before, steps, (performance.now() - start) / 1000, through);
    return { model: from.model, params, average: ema!, reading: from.reading ?? {}, cost };
  }

  /** Pairs of noise and what `flow` makes of it, with the cost up to there. */
  async pairs(flow: MadeFlow): Promise<{ pairs: FlowPairs; cost: FlowCost }> {
    const known = this.#pairs.get(flow);
    if (known) return known;
    const { pairs: n, pairSteps } = this.budget;
    const start = performance.now();
    const pairs = await this.draw(flow, pairSteps, n, 2 * this.seed + 1);
    const through = [{ parameters: sizeOf(flow.average), evaluations: n * pairSteps }];
    const made = { pairs, cost: withStage(flow.cost, 0, (performance.now() - start) / 1000, through) };
    this.#pairs.set(flow, made);
    return made;
  }

  /** Samples for judging, of sources that no training saw. */
  async samples(flow: MadeFlow, steps: number): Promise<ArrayData<Float32Array>> {
    return (await this.draw(flow, steps, this.budget.samples, 2 * this.seed + 600_002)).x1;
  }

  draw({ model, average, reading }: MadeFlow, steps: number, n: number, seed: number): Promise<FlowPairs> {
    return generatePairs({ ...{ model, params: average, ...reading, shape, n, steps, seed }, threads: 1 });
  }
}
