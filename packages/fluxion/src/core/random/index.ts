export { foldIn, key, keys, split, type Keys } from "./key.js";
export { bits, uniform, type DrawOptions, type FloatDType, type UniformOptions } from "./uniform.js";
