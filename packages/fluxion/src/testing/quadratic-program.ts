import { createRequire } from "node:module";

// It comes without types. Its arrays start at index 1.
const { solveQP } = createRequire(import.meta.url)("quadprog") as {
  solveQP: (
    dmat: number[][],
    dvec: number[],
    amat: number[][],
    bvec: number[],
    meq: number,
  ) => { solution: number[]; message: string };
};

/**
 * min ½‖x − c‖² subject to rows·x ≥ bounds, the first `equalities` of them equal, by the npm package `quadprog`: the
 * reference for our own solvers. undefined if it finds the constraints inconsistent.
 */
export function quadprogLeastDistance(
  rows: readonly (readonly number[])[],
  bounds: readonly number[],
  target: readonly number[],
  equalities = 0,
): number[] | undefined {
  const fromOne = <T>(list: readonly T[]): T[] => [undefined as T, ...list];
  const identity = target.map((_, i) => fromOne(target.map((__, j) => (i === j ? 1 : 0))));
  const columns = target.map((_, j) => fromOne(rows.map((row) => row[j]!)));
  const { solution, message } = solveQP(
    fromOne(identity),
    fromOne(target),
    fromOne(columns),
    fromOne(bounds),
    equalities,
  );
  return message === "" ? solution.slice(1) : undefined;
}
