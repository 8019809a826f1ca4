// The table as it grows: a row is a method and a seed; what is in the file is not measured again.
import { existsSync, readFileSync } from "node:fs";
import type { ArrayData } from "fluxion/data";
import type { Machine } from "../machine.js";
import type { FlowMethod } from "./methods.js";
import { sizeOf, Workshop, type FlowBudget, type FlowCost } from "./workshop.js";

/** Numbers of solver steps that samples are judged at. */
export const solverSteps = [1, 2, 4, 8, 50] as const;

/** One method, one seed. */
export interface FlowRow extends FlowCost {
  readonly method: string;
  readonly seed: number;
  readonly parameters: number;
  /** Fréchet distance at each of `solverSteps`. */
  readonly frechet: readonly number[];
}

/** bench/results/flows.json. */
export interface FlowResults extends Machine {
  readonly budget: FlowBudget;
  readonly solverSteps: readonly number[];
  readonly rows: readonly FlowRow[];
}

/** The rows of a file. @throws Error if they were measured with another budget, unless `fresh` leaves them out */
export function rowsOf(file: string | URL, budget: FlowBudget, fresh = false): readonly FlowRow[] {
  if (!existsSync(file)) return [];
  const old = JSON.parse(readFileSync(file, "utf8")) as FlowResults;
  const same = JSON.stringify([old.budget, old.solverSteps]) === JSON.stringify([budget, solverSteps]);
  if (!same && fresh) return [];
  if (!same) throw new Error(`${String(file)} was measured with another budget; --fresh measures all anew`);
  return old.rows;
}

/** What `measureFlows` needs. */
export interface FlowMeasurement {
  readonly methods: readonly FlowMethod[];
  readonly seeds: readonly number[];
  readonly budget: FlowBudget;
  readonly data: ArrayData<Float32Array>;
  readonly quality: (samples: ArrayData<Float32Array>) => Promise<number>;
  /** Rows that are there already. */
  readonly done: readonly FlowRow[];
  /** Called with every new row, and all rows with it. */
  readonly onRow?: (row: FlowRow, rows: readonly FlowRow[]) => void;
  readonly progress?: (what: string) => void;
}

/** Measures what is missing, seed by seed. @returns all rows, old and new */
export async function measureFlows(options: FlowMeasurement): Promise<readonly FlowRow[]> {
  const { methods, seeds, budget, data, quality, done, onRow, progress } = options;
  let rows = done;
  for (const seed of seeds) {
    const workshop = new Workshop(data, seed, budget);
    for (const method of methods) {
      if (rows.some((r) => r.method === method.name && r.seed === seed)) continue;
      progress?.(`${method.name}, seed ${seed}`);
      const flow = await method.make(workshop);
      const frechet: number[] = [];
      for (const steps of solverSteps) frechet.push(await quality(await workshop.samples(flow, steps)));
      const row = { method: method.name, seed, parameters: sizeOf(flow.average), frechet, ...flow.cost };
      rows = [...rows, row];
      onRow?.(row, rows);
    }
  }
  return rows;
}
