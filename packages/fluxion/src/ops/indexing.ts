/** Reading and writing at positions; indices wrap as in NumPy where they are negative. */
export { gather, gatherND, take, takeAlongAxis } from "./gather.js";
export { putAlongAxis, scatterAdd, scatterUpdate } from "./scatter.js";
export { oneHot, type Indices } from "./indices.js";
export { diag, diagonal, meshgrid, trace, tril, triu, type DiagonalOptions } from "./diagonal.js";
