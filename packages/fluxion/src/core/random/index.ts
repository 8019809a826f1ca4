export { foldIn, key, keys, split, type Keys } from "./key.js";
export { bits, uniform, type DrawOptions, type FloatDType, type UniformOptions } from "./uniform.js";
export { normal, truncatedNormal } from "./normal.js";
export { exponential, gumbel, laplace } from "./continuous.js";
export { bernoulli, categorical, rademacher, randint, type CategoricalOptions } from "./discrete.js";
export { choice, permutation, type ChoiceOptions } from "./permutation.js";
export { beta, dirichlet, gamma } from "./gamma.js";
export { poisson } from "./poisson.js";
