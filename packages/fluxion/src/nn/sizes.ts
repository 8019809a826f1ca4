import { checkWhole } from "../optim/options.js";

/** Throws unless all sizes are whole numbers of at least 1. @throws OptionError naming the first that is not @internal */
export function checkSizes(where: string, sizes: Readonly<Record<string, unknown>>): void {
  for (const [name, size] of Object.entries(sizes)) checkWhole(where, name, size, 1);
}
