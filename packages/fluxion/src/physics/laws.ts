import { OptionError } from "../core/errors.js";
import { sorptionLaw } from "./diffusion-sorption.js";
import { identityLaw, type LawSpec, type PointwiseLaw } from "./law.js";
import { vorticityLaw } from "./vorticity.js";

/** The law that a spec describes: how a worker thread gets at it. @throws OptionError @internal */
export function lawOf({ name, parameters }: LawSpec): PointwiseLaw {
  if (name === "identity") return identityLaw;
  if (name === "diffusion-sorption")
    return sorptionLaw(parameters as unknown as Parameters<typeof sorptionLaw>[0]);
  if (name === "vorticity") return vorticityLaw(parameters["reynolds"]!);
  throw new OptionError({
    where: "physics.lawOf",
    want: "identity, diffusion-sorption or vorticity",
    got: name,
  });
}
