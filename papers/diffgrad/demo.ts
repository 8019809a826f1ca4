// An optimizer race along one line: who stops in which minimum.
import { demoState, type Demo, type DemoState, type View } from "fluxion/demo";
import { adam, diffGrad, momentum, type Transform } from "fluxion/optim";
import { frictions, graphOf, iterates, valueAt, type FunctionName } from "./functions.js";

const controls = {
  f: {
    kind: "choice",
    label: "Function",
    options: [
      { value: "F1", label: "F1: two bowls" },
      { value: "F2", label: "F2: slope and waves" },
      { value: "F3", label: "F3: well in a bowl" },
    ],
    initial: "F1",
  },
  rate: { kind: "range", label: "Learning rate", min: 0.01, max: 0.3, step: 0.01, initial: 0.1 },
  b1: { kind: "range", label: "Momentum b1", min: 0, max: 0.99, step: 0.01, initial: 0.95 },
  half: { kind: "toggle", label: "Adam at half the rate", initial: true },
  sgd: { kind: "toggle", label: "SGD with momentum", initial: false },
} as const satisfies Demo["controls"];

const [steps, perTurn] = [300, 3];

async function create(wanted: DemoState) {
  const { f, rate, b1, half, sgd } = demoState(controls, wanted);
  const name = f as FunctionName;
  const contestants: [string, Transform][] = [
    ["Adam", adam({ learningRate: rate, b1 })],
    ["diffGrad", diffGrad({ learningRate: rate, b1 })],
    ...(half ? [["Adam, half the rate", adam({ learningRate: rate / 2, b1 })] as [string, Transform]] : []),
    ...(sgd ? [["SGDM", momentum({ learningRate: rate / 10, momentum: b1 })] as [string, Transform]] : []),
  ];
  const paths = await Promise.all(
    contestants.map(async ([who, optimizer]) => ({ who, x: await iterates(name, optimizer, steps) })),
  );
  const friction = await frictions(name, paths[1]!.x);
  const all = paths.flatMap(({ x }) => [...x]);
  const graph = await graphOf(name, [Math.min(-1.05, ...all), Math.max(0.6, ...all)]);
  let shown = 0;

  return {
    step() {
      shown = Math.min(steps, shown + perTurn);
      return Promise.resolve(shown < steps ? ("running" as const) : ("done" as const));
    },
    async views(): Promise<View[]> {
      const at = await Promise.all(
        paths.map(async ({ who, x }) => ({ who, x: x[shown]!, value: await valueAt(name, x[shown]!) })),
      );
      return [
        {
          ...{ kind: "curves", whole: true },
          title: `${name} and where everybody is`,
          ...{ x: { label: "x" }, y: { label: name } },
          curves: [
            { name, points: graph },
            ...at.map(({ who, x, value }) => ({
              name: who,
              points: [[x, value] as const],
              style: "dots" as const,
            })),
          ],
        },
        {
          kind: "curves",
          title: "The way there",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "x", min: -1, max: 0.5 } },
          curves: paths.map(({ who, x }, k) => ({
            ...{ name: who, series: k + 1 },
            points: [...x.subarray(0, shown + 1)].map((value, i) => [i, value] as const),
          })),
        },
        {
          kind: "curves",
          title: "Friction of diffGrad",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "friction", min: 0.5, max: 0.6 } },
          curves: [
            {
              ...{ name: "friction", series: 2 },
              points: [...friction.subarray(0, Math.max(1, shown - 1))].map((v, i) => [i + 2, v] as const),
            },
          ],
        },
        {
          kind: "figures",
          title: `After ${shown} steps`,
          figures: at.map(({ who, x, value }) => ({ name: who, value, note: `at x = ${x.toFixed(3)}` })),
        },
      ];
    },
    release: () => Promise.resolve(),
  };
}

/** diffGrad on the paper's functions of one variable. */
export const demo: Demo = {
  id: "diffgrad",
  caption:
    "All start at −1 and roll to the right. diffGrad puts a friction on each step, stronger where the gradient hardly changes; the question is who rolls past the better minimum.",
  watch: {
    label: "Value that diffGrad has reached",
    note: "of the function, whose least is near 0",
    better: "lower",
    of: "diffGrad",
  },
  picture: {
    alt: "A curve with two valleys: Adam lies in the worse one, diffGrad in the better one.",
    views: ["F1 and"],
  },
  controls,
  presets: [
    {
      name: "Adam overshoots",
      note: "On F1 Adam rolls past the minimum at −0.3 (value 0) and stays at 0.2 (0.05); diffGrad stops at −0.3.",
      shows: "effect",
      state: { f: "F1", rate: 0.1, b1: 0.95, half: false },
    },
    {
      name: "A better valley",
      note: "On F2 diffGrad stops near −0.643, where the function is about 0; Adam ends at 0, where it is 0.85.",
      shows: "effect",
      state: { f: "F2", rate: 0.1, b1: 0.95, half: false },
    },
    {
      name: "Is it the friction?",
      note: "Adam at half the rate stops at −0.3 as well: the friction is close to one half most of the time, and the smaller step is what helps.",
      shows: "failure",
      state: { f: "F1", rate: 0.1, b1: 0.95, half: true },
    },
    {
      name: "Roles reversed",
      note: "At twice the rate diffGrad stays in the worse minimum of F1, and Adam, which swings farther, comes back to the better one: it is the length of the step that decides.",
      shows: "failure",
      state: { f: "F1", rate: 0.2, b1: 0.95, half: false },
    },
  ],
  create,
};
