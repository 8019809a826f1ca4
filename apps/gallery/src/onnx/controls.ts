import type { Demo, StateOf } from "fluxion/demo";
import { examples, type ExampleName } from "./example-names.js";
import { ranges } from "./pixels.js";

const choices = (list: Readonly<Record<string, string>>) =>
  Object.entries(list).map(([value, label]) => ({ value, label }));

/** What can be set, as it is for a file; an example may begin with other values. */
const controls = {
  tune: {
    ...{ kind: "choice", label: "What is tuned", initial: "1" },
    options: choices({
      ...{ "1": "the last layer", "2": "the last two layers", "4": "the last four layers" },
      ...{ all: "all layers", own: "what is ticked below" },
    }),
  },
  rate: {
    ...{ kind: "range", label: "Learning rate", logarithmic: true },
    ...{ min: 0.0001, max: 0.1, step: 0.0001, initial: 0.003 },
  },
  steps: { kind: "range", label: "Steps", min: 10, max: 500, step: 10, initial: 60 },
  held: {
    ...{ kind: "choice", label: "Images held out to check", initial: "quarter" },
    options: choices({ none: "none", quarter: "a quarter of each class", half: "half of each class" }),
  },
  range: { kind: "choice", label: "Values of pixels", options: choices(ranges), initial: "unit" },
  fit: {
    ...{ kind: "choice", label: "Images of another shape", initial: "stretch" },
    options: choices({ stretch: "are stretched", crop: "are cropped to the middle" }),
  },
} as const satisfies Demo["controls"];

/** A setting of the page. */
export type OnnxSetting = StateOf<typeof controls>;

/** The controls with the initial values of an example. */
export function controlsFor(example: ExampleName | undefined): Demo["controls"] {
  if (!example) return controls;
  const initial: Readonly<Record<string, unknown>> = examples[example];
  return Object.fromEntries(
    Object.entries(controls).map(([name, control]) => [
      name,
      { ...control, initial: initial[name] ?? control.initial },
    ]),
  ) as Demo["controls"];
}
