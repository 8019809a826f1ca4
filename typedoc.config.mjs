import { OptionDefaults } from "typedoc";
import { entryPoints } from "./scripts/exports.mjs";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "Fluxion",
  entryPoints: entryPoints().map(({ source }) => `packages/fluxion/src/${source}`),
  tsconfig: "packages/fluxion/tsconfig.json",
  out: "docs/api",
  readme: "none",
  blockTags: [...OptionDefaults.blockTags, "@source"],
  excludeInternal: true,
  excludeExternals: true,
  disableSources: true,
  validation: { notExported: false, invalidLink: true },
  treatWarningsAsErrors: true,
};
