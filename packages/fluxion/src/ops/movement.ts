/** Operators that move entries and compute nothing. */
export * from "./layout.js";
export * from "./joining.js";
export * from "./slicing.js";
export * from "./padding.js";
