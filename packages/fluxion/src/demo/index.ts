/**
 * Live demos of papers as plain data and functions: what the gallery's pages are generated from.
 * @module
 */
export * from "./demo.js";
export { isBetter, watched, watchedSteps, type Watch } from "./watch.js";
export { picturedViews, type DemoPicture } from "./picture.js";
export { inTurns, type Turns } from "./turns.js";
