import { checkOptions } from "../core/errors.js";
import { checkRange } from "../optim/options.js";

/** What the soil and the substance are like. */
export interface SorptionSoil {
  /** D, in units of length² over time. Default 5e-4. */
  diffusion?: number;
  /** Part of the volume that is pores, in (0, 1). Default 0.29. */
  porosity?: number;
  /** Density of the solid. Default 2880. */
  density?: number;
  /** Freundlich's k. Default 3.5e-4. */
  freundlichK?: number;
  /** Freundlich's exponent n_f, in (0, 1]. Default 0.874. */
  freundlichExponent?: number;
}

/** A soil with every value given. */
export type FullSoil = Readonly<Required<SorptionSoil>>;

const soilKeys = ["diffusion", "porosity", "density", "freundlichK", "freundlichExponent"];

/** @throws OptionError @internal */
export function checkedSoil(where: string, soil: SorptionSoil = {}): FullSoil {
  checkOptions(where, soil, soilKeys);
  const { diffusion = 5e-4, porosity = 0.29, density = 2880, freundlichK = 3.5e-4 } = soil;
  const { freundlichExponent = 0.874 } = soil;
  for (const [name, value] of Object.entries({ diffusion, density }))
    checkRange(where, name, value, "(0, ∞)");
  checkRange(where, "freundlichK", freundlichK, "[0, ∞)");
  checkRange(where, "porosity", porosity, "(0, 1)");
  checkRange(where, "freundlichExponent", freundlichExponent, "(0, 1]");
  return { diffusion, porosity, density, freundlichK, freundlichExponent };
}

/** q of R(u) = 1 + q·u^(n_f − 1). */
export const sorptionStrength = ({ porosity, density, freundlichK, freundlichExponent }: FullSoil): number =>
  ((1 - porosity) / porosity) * density * freundlichK * freundlichExponent;
