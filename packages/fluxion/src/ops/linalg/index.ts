export { inv, solve, triangularSolve, type TriangularSolveOptions } from "./solve.js";
export { cholesky } from "./cholesky.js";
export { det, slogdet } from "./det.js";
export { lstsq, qr } from "./qr.js";
export { eigh, svd } from "./spectral.js";
