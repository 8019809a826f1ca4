import { OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import type { SampleHook } from "./hooks.js";

/** Attention values [..., B, H, N, E] by layer. */
export type LayerValues = Readonly<Record<string, Tensor>>;

/**
 * A hook that gives out the values of self-attentions, one output an evaluation, and changes nothing.
 * @param layers which layers; default all
 * @throws OptionError while it is traced, for a network that does not show its values, or runs twice an evaluation
 * @source J. Wang et al., 2024, arXiv 2411.04746, §3.3
 */
export function recordAttention(
  layers: (layer: number) => boolean = () => true,
): SampleHook<unknown, unknown, LayerValues> {
  const where = "flow.recordAttention";
  return {
    name: "recordAttention",
    predict(velocity, { x, t }) {
      const output: Record<string, Tensor> = {};
      const v = velocity(x, t, (site, layer, value) => {
        if (site !== "value" || !layers(layer)) return value;
        if (layer in output) {
          const want = "a velocity that runs its network once: no guidance while values are recorded";
          throw new OptionError({ where, want, got: `layer ${layer} twice` });
        }
        return (output[layer] = value);
      });
      if (Object.keys(output).length > 0) return { v, output };
      const want = "a network that shows its attention values to a tap, and layers that it has";
      throw new OptionError({ where, want, got: "none" });
    },
  };
}

/**
 * A hook that puts recorded values in the place of the network's own; queries and keys stay.
 * @param recorded by evaluation within a step: values with a leading axis of one entry a step of the run that replays
 * @param stages which evaluations take them; default all
 * @source J. Wang et al., 2024, arXiv 2411.04746, §3.3
 */
export const replayAttention = (
  recorded: readonly LayerValues[],
  stages: (stage: number) => boolean = () => true,
): SampleHook<unknown, readonly LayerValues[]> => ({
  name: "replayAttention",
  inputs: recorded,
  predict: (velocity, { x, t, stage }, { input }) => ({
    v: velocity(x, t, (site, layer, value) =>
      site === "value" && stages(stage) ? (input[stage]?.[layer] ?? value) : value,
    ),
  }),
});
