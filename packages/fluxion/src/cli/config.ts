import { existsSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { readLocation } from "../data/assets.js";
import { fDivergences } from "../flow/f-divergence.js";
import type { NetworkConfig } from "./network.js";
import { distilMethods, reflowObjectives, trainObjectives } from "./objective.js";
import type { SourceConfig } from "./source.js";

/** Options of an optimizer as a command line can say them. */
export type OptimizerOptions = Readonly<Record<string, number | boolean | string>>;

/** What a run is made from; `config.json` of its folder. */
export interface RunConfig {
  command: "train" | "reflow" | "distil";
  source: SourceConfig;
  /** One example: [C, H, W] or [D]. */
  shape: Shape;
  network: NetworkConfig;
  /** Class names, where the flow is conditional. */
  classes: readonly string[];
  steps: number;
  batch: number;
  optimizer: string;
  /** Of the optimizer, beside its learning rate. */
  optimizerOptions?: OptimizerOptions;
  /** Peak of a warm-up and cosine schedule. */
  learningRate: number;
  ema: number;
  stepsPerCall: number;
  seed: number;
  /** What the model is; default "flow": on the straight line from noise to data. */
  form?: "flow" | "diffusion";
  /** What it is trained by, if not as its form says. */
  objective?: string;
  /** ONNX file of the features that a perceptual objective compares by. */
  features?: string;
  /** Distribution of the training times, and its options. Default: uniform. */
  time?: string;
  timeOptions?: OptimizerOptions;
  /** Shift of training times and sampling steps towards the noise. Default 1. */
  shift?: number;
  /** Part of the examples that lose their class in training, for guidance. Default 0. */
  drop?: number;
  /** Guidance that the pairs were drawn with. Default 1. */
  guidance?: number;
  /** The run that made the pairs, as a path from this run's folder, and how it made them. */
  parent?: string;
  pairs?: number;
  pairSteps?: number;
  /** How a distillation goes; default "regression", on the parent's pairs. */
  method?: (typeof distilMethods)[number];
  /** The divergence in which f-distill matches distributions. */
  divergence?: string;
  /** Steps of the distilled sampler. */
  samplerSteps?: number;
}

type Test = (value: unknown) => boolean;
const text: Test = (v) => typeof v === "string";
const number: Test = (v) => typeof v === "number" && v >= 0;
const whole: Test = (v) => Number.isSafeInteger(v) && (v as number) >= 0;
const list =
  (test: Test): Test =>
  (v) =>
    Array.isArray(v) && v.every(test);
const oneOf =
  (...names: string[]): Test =>
  (v) =>
    names.includes(v as string);
const optional =
  (test: Test): Test =>
  (v) =>
    v === undefined || test(v);
const record =
  (tests: Readonly<Record<string, Test>>): Test =>
  (v) =>
    typeof v === "object" && v !== null && Object.entries(tests).every(([k, test]) => test(v[k as never]));

const settings: Test = (v) =>
  record({})(v) &&
  Object.values(v as object).every((o) => ["number", "boolean", "string"].includes(typeof o));

const tests: Readonly<Record<keyof RunConfig, Test>> = {
  command: oneOf("train", "reflow", "distil"),
  source: record({ data: text, size: whole, limit: whole }),
  shape: list(whole),
  network: record({ kind: oneOf("mlp", "dit", "mmdit", "unet"), width: whole, depth: whole, classes: whole }),
  classes: list(text),
  steps: whole,
  batch: whole,
  optimizer: text,
  optimizerOptions: optional(settings),
  learningRate: number,
  ema: number,
  stepsPerCall: whole,
  seed: whole,
  form: optional(oneOf("flow", "diffusion")),
  objective: optional(oneOf(...trainObjectives, ...reflowObjectives)),
  features: optional(text),
  time: optional(text),
  timeOptions: optional(settings),
  shift: optional(number),
  drop: optional(number),
  guidance: optional(number),
  parent: optional(text),
  pairs: optional(whole),
  pairSteps: optional(whole),
  method: optional(oneOf(...distilMethods)),
  divergence: optional(oneOf(...Object.keys(fDivergences))),
  samplerSteps: optional(whole),
};

/** The config of a run folder. @throws FormatError naming the file if there is none, or it is no run's */
export async function readConfig(folder: string): Promise<RunConfig> {
  const path = join(folder, "config.json");
  if (!existsSync(path))
    throw new FormatError({ where: folder, want: "a run folder (with config.json)", got: "none" });
  const bytes = await readLocation(path);
  let config: unknown;
  try {
    config = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError({ where: path, want: "JSON", got: (cause as Error).message, cause });
  }
  const values: Readonly<Record<string, unknown>> = record({})(config) ? { ...(config as object) } : {};
  for (const [name, test] of Object.entries(tests)) {
    if (test(values[name])) continue;
    const got = `${name} ${values[name] === undefined ? "missing" : JSON.stringify(values[name])}`;
    throw new FormatError({ where: path, want: "the config of a flow's run", got });
  }
  return values as unknown as RunConfig;
}
