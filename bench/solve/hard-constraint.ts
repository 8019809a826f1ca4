// The least-squares layer of a hard constraint, by the number of points; once for all, and by experts.
import { compile, random, tensor } from "fluxion";
import { diffusionSorption, fieldModel, type FieldModelOptions } from "fluxion/physics";
import { expertWorkers } from "fluxion/physics/node";
import type { ScalingSection, Series } from "./scaling.js";

/** One forward pass of an untrained network with its layer; work is the slowest expert's. */
const layer =
  (options: FieldModelOptions): Series["prepare"] =>
  async (size) => {
    const model = fieldModel(diffusionSorption({ times: size / 64, points: 64 }), options);
    const params = model.init(random.key(0));
    const condition = tensor(Float64Array.of(0.1));
    const run = compile((p: typeof params) => model.apply(p, condition).layer!.work);
    await run(params);
    return async () => ({ work: Math.max(...((await (await run(params)).data()) as Float64Array)) });
  };

/** Cost of a hard constraint against the number of points. */
export const hardConstraints: ScalingSection = {
  name: "hard-constraint",
  title: "A hard constraint for diffusion and sorption: 12 basis functions, 64 points in space",
  size: "points",
  unit: "multiply-adds of the slowest solver",
  sizes: [1024, 2048, 4096, 8192],
  series: [
    { name: "one for all", prepare: layer({}) },
    { name: "four experts, one thread", prepare: layer({ experts: [1, 4] }) },
    {
      name: "four experts, two threads",
      prepare: (size) => layer({ experts: [1, 4], layer: { pool: expertWorkers({ threads: 2 }) } })(size),
    },
  ],
};
