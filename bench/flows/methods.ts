// What `npm run bench -- flows` compares: paths and time distributions, second flows, distillations.
import { random } from "fluxion";
import {
  annealedCoupling,
  cosMapTime,
  ddim,
  discretePath,
  distil,
  distilGuided,
  fDistill,
  flowDiscriminator,
  flowMlp,
  gridTime,
  loadPerceptual,
  logitNormalTime,
  lpipsHuber,
  modeTime,
  perceptual,
  reflow,
  uShapedTime,
  type FlowObjective,
} from "fluxion/flow";
import { linearSchedule } from "fluxion/optim";
import { benchTraining, shape } from "../../papers/fashion7.js";
import { sizeOf, type MadeFlow, type Workshop } from "./workshop.js";

/** A row of the table. */
export interface FlowMethod {
  readonly name: string;
  readonly title: string;
  readonly group: "first flows" | "second flows" | "one-step students";
  make(workshop: Workshop): Promise<MadeFlow>;
}

const diffusion = discretePath();
/** Stable Diffusion's path and its thousand times; sampled by DDIM, which is Euler's method on this path. */
const vp = { path: diffusion, time: gridTime(1000) } as const;
const vpHow = { clip: true, solver: ddim(diffusion) } as const;
const student = flowMlp({ shape, width: 64 });
const batch = benchTraining.batchSize;

const uniform = (w: Workshop): Promise<MadeFlow> => w.first("uniform");
const vpFlow = (w: Workshop): Promise<MadeFlow> => w.first("vp", { ...vp, prediction: "v" }, vpHow);

/** A flow trained on the pairs of another, from its weights. */
function second(
  name: string,
  teacher: (w: Workshop) => Promise<MadeFlow>,
  objective: () => Promise<FlowObjective>,
  clip = false,
): FlowMethod["make"] {
  return (w) =>
    w.once(name, async () => {
      const first = await teacher(w);
      const { pairs, cost } = await w.pairs(first);
      const { model, params } = first;
      const chosen = await objective();
      return w.train(cost, w.budget.second, { clip }, first, (options) =>
        reflow({ ...options, model, params, data: pairs, objective: chosen }),
      );
    });
}

const logitNormal = (w: Workshop): Promise<MadeFlow> => w.first("logit-normal", { time: logitNormalTime() });
const reflowed = second("2-rf", uniform, () => Promise.resolve({}));

const reflowedBetter = second("rfpp", uniform, async () => ({
  time: uShapedTime(),
  terms: lpipsHuber(perceptual(await loadPerceptual("fashion-mnist-7"))),
}));

/** One step, by regression onto the pairs of `teacher`, from its weights. */
function distilled(teacher: (w: Workshop) => Promise<MadeFlow>): FlowMethod["make"] {
  return async (w) => {
    const flow = await teacher(w);
    const { pairs, cost } = await w.pairs(flow);
    const { model, params } = flow;
    return w.train(cost, w.budget.distilled, { rate: 5e-4 }, flow, (options) =>
      distil({ ...options, model, params, data: pairs }),
    );
  };
}

/** A network of a tenth of the size: reflowed from fresh noise to pairs, then distilled under its own guidance. */
async function slimFlow(w: Workshop): Promise<MadeFlow> {
  const small = await annealed(w);
  const { pairs, cost } = await w.pairs(small);
  const { model, params, average: teacher } = small;
  const { distilled: steps } = w.budget;
  const parameters = sizeOf(params);
  const through = [{ parameters, gradients: 2 * steps * batch, evaluations: steps * batch }];
  return w.train(cost, steps, { rate: 5e-4, through }, small, (options) =>
    distilGuided({ ...options, model, params, data: pairs, teacher }),
  );
}

const annealed = (w: Workshop): Promise<MadeFlow> =>
  w.once("annealed", async () => {
    const { pairs, cost } = await w.pairs(await uniform(w));
    const { second: steps } = w.budget;
    const rate = linearSchedule({ init: 1, end: 0, steps: Math.max(1, Math.round(0.375 * steps)) });
    const [model, params] = [student.apply, student.init(random.key(w.seed))];
    return w.train(cost, steps, {}, { model, params }, (options) =>
      reflow({ ...options, model, params, data: pairs, objective: { coupling: annealedCoupling(rate) } }),
    );
  });

/** Matches the distribution of samples; a step is four updates of fake score and discriminator and one of the student. */
async function matched(w: Workshop): Promise<MadeFlow> {
  const flow = await uniform(w);
  const { distilled: steps } = w.budget;
  const discriminator = flowDiscriminator({ shape });
  const [net, judge] = [sizeOf(flow.params), sizeOf(discriminator.init(random.key(0)))];
  const each = steps * batch;
  const through = [
    // Four times a sample and the fake score's step; once the student's step, teacher and fake score beside it.
    { parameters: net, gradients: 5 * each, evaluations: 6 * each },
    { parameters: judge, gradients: 9 * each },
  ];
  return w.train(flow.cost, steps, { through }, flow, ({ seed, steps: rounds, threads }) =>
    fDistill({
      ...{ model: flow.model, teacher: flow.average, discriminator, data: { x1: w.data } },
      ...{ seed, steps: rounds, threads, batchSize: batch, ganWeight: 0.05 },
      ema: { decay: 0.99, warmup: true },
    }),
  );
}

const [firsts, seconds, students] = ["first flows", "second flows", "one-step students"] as const;

/** In the order of the table; what others build on comes before them. */
export const flowMethods: readonly FlowMethod[] = [
  { name: "uniform", title: "straight path, uniform times", group: firsts, make: uniform },
  {
    ...{ name: "logit-normal", title: "straight path, logit-normal times", group: firsts },
    make: logitNormal,
  },
  {
    ...{ name: "mode", title: "straight path, mode times (1.29)", group: firsts },
    make: (w) => w.first("mode", { time: modeTime({ scale: 1.29 }) }),
  },
  {
    ...{ name: "cosmap", title: "straight path, CosMap times", group: firsts },
    make: (w) => w.first("cosmap", { time: cosMapTime() }),
  },
  { name: "vp", title: "VP path, v-prediction", group: firsts, make: vpFlow },
  {
    ...{ name: "noise", title: "VP path, noise prediction", group: firsts },
    make: (w) => w.first("noise", { ...vp, prediction: "noise" }, vpHow),
  },
  {
    ...{
      name: "longer",
      title: "straight path, uniform times, as long as 2-RF + distillation",
      group: firsts,
    },
    make: (w) => {
      const { first, second: more, distilled: most } = w.budget;
      return w.first("longer", {}, { steps: first + more + most });
    },
  },
  { name: "2-rf", title: "reflow (2-RF)", group: seconds, make: reflowed },
  {
    ...{ name: "rectified-diffusion", title: "Rectified Diffusion, on the VP path", group: seconds },
    make: second("rectified-diffusion", vpFlow, () => Promise.resolve({ ...vp, prediction: "v" }), true),
  },
  {
    ...{ name: "rfpp", title: "2-RF++: U-shaped times, LPIPS-Huber", group: seconds },
    make: reflowedBetter,
  },
  { name: "annealed", title: "annealed reflow into a small network", group: seconds, make: annealed },
  {
    ...{ name: "distil", title: "distilled directly", group: students },
    make: distilled(uniform),
  },
  {
    ...{
      name: "logit-normal-distil",
      title: "the flow of logit-normal times, distilled directly",
      group: students,
    },
    make: distilled(logitNormal),
  },
  {
    ...{ name: "2-rf-distil", title: "2-RF, then distilled (InstaFlow's order)", group: students },
    make: distilled(reflowed),
  },
  {
    ...{ name: "rfpp-distil", title: "2-RF++, then distilled", group: students },
    make: distilled(reflowedBetter),
  },
  { name: "slimflow", title: "SlimFlow: annealed, then guided", group: students, make: slimFlow },
  { name: "f-distill", title: "f-distill, Jensen-Shannon", group: students, make: matched },
];
