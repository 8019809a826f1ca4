export { multigrid, type Multigrid, type MultigridOptions } from "./multigrid.js";
export { poissonOperator, type PoissonOperator, type PoissonOptions } from "./poisson-operator.js";
