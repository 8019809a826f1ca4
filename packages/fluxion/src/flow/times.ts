import { OptionError } from "../core/errors.js";
import { cosMapTime, modeTime } from "./middle-time.js";
import { logitNormalTime, uniformTime, uShapedTime, type TimeDistribution } from "./time.js";

/** Distributions of training times by name, each a function of its options. */
export const times = {
  uniform: uniformTime,
  "logit-normal": logitNormalTime,
  mode: modeTime,
  cosmap: cosMapTime,
  "u-shaped": uShapedTime,
} as const;

/** A name in `times`. */
export type TimeName = keyof typeof times;

/** A distribution of training times by name. @throws OptionError for an unknown name or option */
export function timeNamed(name: string, options: Readonly<Record<string, unknown>> = {}): TimeDistribution {
  const where = "flow.timeNamed";
  if (!Object.hasOwn(times, name))
    throw new OptionError({ where, want: Object.keys(times).join(", "), got: name });
  if (name === "cosmap" && Object.keys(options).length > 0)
    throw new OptionError({ where, want: "no options of cosmap", got: Object.keys(options).join(", ") });
  return (times[name as TimeName] as (options: object) => TimeDistribution)(options);
}
