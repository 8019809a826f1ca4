// What is measured for arXiv 2402.13412 and the bars it has to pass; README.md says why these.
import { random } from "fluxion";
import { atLeast, atMost, type Claim, type ClaimContext, type Figures } from "fluxion/claims";
import { seededUniform } from "fluxion/data";
import {
  diffusionSorption,
  evaluateField,
  fieldModel,
  trainField,
  vorticityFlow,
  type FieldEvaluation,
  type FieldModelOptions,
  type PhysicsProblem,
} from "fluxion/physics";

type Measured = Record<string, number>;

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const errorOf = (seen: readonly FieldEvaluation[]): number => mean(seen.map((one) => one.error));

/** The same network by three methods: figures named after each. */
async function compare(
  name: string,
  problem: PhysicsProblem,
  conditions: readonly Float64Array[],
  settings: { steps: number; experts: readonly number[]; scale?: number },
  { seed, signal, progress }: ClaimContext,
  from: number,
  to: number,
): Promise<Measured> {
  const figures: Measured = {};
  const methods: readonly (readonly [string, FieldModelOptions])[] = [
    ["Soft", { method: "soft" }],
    ["Hard", {}],
    ["Experts", { experts: settings.experts }],
  ];
  for (const [i, [method, options]] of methods.entries()) {
    progress(from + ((to - from) * i) / 3, `${name}, ${method.toLowerCase()}`);
    const { scale } = settings;
    const model = fieldModel(problem, { ...options, ...(scale === undefined ? {} : { scale }) });
    const before = await evaluateField(model, model.init(random.key(seed)), conditions);
    const { params, history } = await trainField(model, {
      ...{ steps: settings.steps, seed, recordEvery: 5, ...(signal ? { signal } : {}) },
    });
    signal?.throwIfAborted();
    const after = await evaluateField(model, params, conditions);
    figures[`${name}${method}Untrained`] = errorOf(before);
    figures[`${name}${method}`] = errorOf(after);
    figures[`${name}${method}Worst`] = Math.max(...after.map((one) => one.error));
    if (method === "Soft") continue;
    figures[`${name}${method}Iterations`] = mean(history.map((record) => record["iterations"]!));
    figures[`${name}${method}Work`] = mean(after.map((one) => Math.max(...one.work)));
  }
  return figures;
}

/** The claim of hard constraints by experts at small scale. */
export const claim: Claim = {
  id: "pi-hc-moe",
  statement:
    "A network whose outputs are combined by a least-squares layer to satisfy a differential equation is much closer to the solution than one trained by a penalty, and local experts are closer still.",
  seeds: { quick: [0], full: [3, 4, 5] },

  async run(context) {
    const quick = context.tier === "quick";
    const soil = diffusionSorption();
    const initial = [0.05, 0.1, 0.15].map((u) => Float64Array.of(u));
    const diffusion = await compare(
      ...([
        "soil",
        soil,
        initial,
        { steps: quick ? 80 : 400, experts: [1, 4] },
        context,
        0,
        quick ? 1 : 0.8,
      ] as const),
    );
    if (quick) return diffusion;
    const flow = vorticityFlow({ times: 5, points: 12 });
    const states = [0, 1, 2].map((i) => flow.draw(seededUniform(99, i)));
    const settings = { steps: 100, experts: [1, 2, 2], scale: 1 };
    return { ...diffusion, ...(await compare("flow", flow, states, settings, context, 0.8, 1)) };
  },

  checks(figures, tier) {
    const ratio = (f: Figures, a: string, b: string): number => f[a]! / f[b]!;
    const each = (a: string, b: string): number[] => figures.map((f) => ratio(f, a, b));
    const average = (name: string): number => mean(figures.map((f) => f[name]!));
    const common = [
      atMost("error, hard constraint / soft penalty", each("soilHard", "soilSoft"), 0.85),
      atMost("error, experts / soft penalty", each("soilExperts", "soilSoft"), 0.8),
      atMost(
        "mean error before training, experts / hard constraint",
        average("soilExpertsUntrained") / average("soilHardUntrained"),
        0.85,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost("mean error, experts / hard constraint", average("soilExperts") / average("soilHard"), 1.02),
      atMost(
        "mean iterations of a solver, experts / hard constraint",
        average("soilExpertsIterations") / average("soilHardIterations"),
        0.85,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const each = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    return [
      atMost("error, experts / hard constraint, the paper's half", each("soilExperts", "soilHard"), 0.5),
      atLeast(
        "operations of the single solver / of the slowest expert, the paper's speed-up",
        each("soilHardWork", "soilExpertsWork"),
        1.6,
      ),
      atMost("flow: error, hard constraint / soft penalty", each("flowHard", "flowSoft"), 1),
      atMost("flow: error, experts / hard constraint", each("flowExperts", "flowHard"), 1),
    ];
  },
};
