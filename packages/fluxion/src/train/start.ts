import { evaluate } from "../compile/evaluate.js";
import { OptionError } from "../core/errors.js";
import { key as randomKey } from "../core/random/index.js";
import { checkTree } from "../core/tree.js";
import { ema, type Ema } from "../optim/ema.js";
import { checkWhole } from "../optim/options.js";
import type { TrainOptions } from "./options.js";
import { checkBatch, stackBatches, type Carry } from "./program.js";
import type { Snapshot } from "./snapshot.js";
import { optimizerStep, type TrainStep } from "./step.js";

/** The step that the options describe. @internal */
export function stepOf<P, B, S>(options: TrainOptions<P, B, S>): TrainStep<P, S, B> {
  const { step, loss, optimizer, gradientNorm = false } = options;
  return step ?? optimizerStep(loss!, optimizer!, { gradientNorm });
}

/** The moving average that the options ask for. @internal */
export function averageOf({ ema: wanted }: Pick<TrainOptions<unknown, unknown>, "ema">): Ema | undefined {
  if (wanted === undefined) return undefined;
  return ema(typeof wanted === "number" ? { decay: wanted } : wanted);
}

/** The part of a snapshot that goes through the program. @internal */
export const carryOf = <P, S>({ params, state, ema }: Snapshot<P, S>): Carry<P, S> =>
  ema === undefined ? { params, state } : { params, state, ema };

/**
 * Where a run begins: at its first step, or at the snapshot to resume.
 * @throws TreeError, ShapeError, OptionError if that snapshot is not of such a run
 * @internal
 */
export async function startOf<P, B, S>(
  options: TrainOptions<P, B, S>,
  average: Ema | undefined,
): Promise<Snapshot<P, S>> {
  const { params, optimizer, resume, key = randomKey(0) } = options;
  const state = optimizer ? optimizer.init(params) : (options.state ?? ({} as S));
  const like: Snapshot<P, S> = {
    ...{ step: 0, params, state, key },
    ...(average ? { ema: average.init(params) } : {}),
  };
  await evaluate(like);
  const found = typeof resume === "function" ? await resume(like) : resume;
  if (!found) return like;
  checkWhole("train: resume", "step", found.step, 0);
  checkTree("train: resume", { ...carryOf(like), key }, { ...carryOf(found), key: found.key });
  const [want, got] = await Promise.all([key.data(), found.key.data()]);
  if (String(want) === String(got)) return found;
  const hint = "give the key (or seed) that the run was started with";
  throw new OptionError({ where: "train: resume", want: `key ${String(got)}`, got: String(want), hint });
}

/** The batches of the next call, stacked if there are several. @internal */
export function loadBatches<B>(
  batches: (step: number) => B | Promise<B>,
  step: number,
  count: number,
): Promise<B> {
  const load = async (): Promise<B> => {
    const list: B[] = [];
    for (let i = 0; i < count; i++) list.push(checkBatch(await batches(step + i)));
    return count === 1 ? list[0]! : stackBatches(list);
  };
  const loading = load();
  // A run that stops meanwhile never looks at it.
  loading.catch(() => undefined);
  return loading;
}
