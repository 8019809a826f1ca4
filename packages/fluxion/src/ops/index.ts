export * from "./arithmetic.js";
export * from "./compare.js";
export * from "./create.js";
export * from "./matmul.js";
export * from "./movement.js";
export * from "./reduce.js";
export * from "./unary.js";
import "./methods.js";
