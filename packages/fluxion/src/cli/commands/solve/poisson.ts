import { Option, type Command } from "commander";
import { FormatError, OptionError } from "../../../core/errors.js";
import { readLocation } from "../../../data/assets.js";
import { parseCsv } from "../../../data/csv.js";
import { defaultMaxBytes, gunzip } from "../../../data/gunzip.js";
import { parseMatrixMarket } from "../../../data/matrix-market.js";
import { writeFileAtomic } from "../../../data/node/atomic-write.js";
import { readArrayFile } from "../../../data/node/read-array.js";
import { encodeNpy } from "../../../data/npy.js";
import { conjugateDirections } from "../../../solve/conjugate-directions.js";
import { conjugateGradient } from "../../../solve/conjugate-gradient.js";
import { pretrainedDirections } from "../../../solve/directions/pretrained.js";
import { learnedDirections } from "../../../solve/directions/train-directions.js";
import { incompleteCholesky } from "../../../solve/incomplete-cholesky.js";
import type { LinearOperator } from "../../../solve/linear-operator.js";
import type { SolverOutcome } from "../../../solve/outcome.js";
import { multigrid } from "../../../solve/poisson/multigrid.js";
import { poissonOperator, type PoissonOperator } from "../../../solve/poisson/poisson-operator.js";
import {
  sparseAsymmetry,
  sparseFromTriplets,
  sparseOperator,
  type SparseMatrix,
} from "../../../solve/sparse.js";
import { positive, whole } from "../../options.js";
import { createReport, shortNumber } from "../../report.js";
import { interruptible } from "../../session.js";

const methods = ["cg", "ic-cg", "multigrid", "multigrid-cg", "dcdm"] as const;
type Method = (typeof methods)[number];

interface Options {
  method: Method[];
  rhs?: string;
  walls: "dirichlet" | "neumann";
  spacing: number;
  tolerance: number;
  iterations?: number;
  memory: number;
  out?: string;
  json?: boolean;
}

function methodList(text: string): Method[] {
  return text.split(",").map((part) => {
    const name = part.trim() as Method;
    if (!methods.includes(name))
      throw new OptionError({ where: "--method", want: methods.join(", "), got: part });
    return name;
  });
}

/** `fluxion solve poisson`: Poisson's equation on a grid, or any symmetric positive definite system. */
export function poissonCommand(solve: Command): void {
  solve
    .command("poisson")
    .description(
      "solve -Δu = f on a grid, with directions that a network has learned or by classical methods",
    )
    .argument(
      "<file>",
      "f as a .csv or .npy grid of 2 or 3 axes (NaN: a solid cell); or a .mtx matrix of one's own",
    )
    .optionsGroup("Problem:")
    .addOption(
      new Option("--walls <kind>", "solids: u = 0 there, or nothing flows through them")
        .choices(["dirichlet", "neumann"])
        .default("dirichlet"),
    )
    .option("--spacing <h>", "distance of neighbouring cells", positive(1e9), 1)
    .option("--rhs <file>", "right-hand side of a .mtx matrix, .mtx, .npy or .csv (default: all ones)")
    .optionsGroup("Method:")
    .option(
      "--method <name,…>",
      `of ${methods.join(", ")}; several are compared, the last writes`,
      methodList,
      ["dcdm"],
    )
    .option("--tolerance <x>", "of the residual, relative to the right-hand side", positive(1), 1e-6)
    .option("--iterations <n>", "most iterations (default: ten for each unknown)", whole(1, 1e9))
    .option("--memory <n>", "dcdm: directions that a new one is made conjugate to", whole(0, 1000), 2)
    .optionsGroup("Other options:")
    .option("--out <file>", "the solution, .npy or .csv, NaN in solids")
    .option("--json", "print the result with all residuals as one JSON document, and nothing else")
    .addHelpText(
      "after",
      `
u is 0 beyond the border of the grid. dcdm and multigrid need a grid; dcdm one of even sides.

Examples:
  $ fluxion solve poisson f.npy --out u.npy
  $ fluxion solve poisson f.csv --walls neumann --method cg,ic-cg,multigrid,dcdm
  $ fluxion solve poisson matrix.mtx --rhs b.mtx --method ic-cg --json`,
    )
    .action(poisson);
}

interface Problem {
  readonly a: LinearOperator;
  readonly b: Float64Array;
  readonly matrix: () => SparseMatrix;
  readonly grid?: PoissonOperator;
}

async function poisson(file: string, options: Options): Promise<void> {
  const report = createReport(options.json);
  if (options.out !== undefined && !/\.(csv|npy)$/i.test(options.out))
    throw new OptionError({ where: "--out", want: "a .csv or .npy file", got: options.out });
  const problem = /\.mtx(\.gz)?$/i.test(file)
    ? await readSystem(file, options)
    : await readGrid(file, options);
  const { grid, a } = problem;
  for (const method of options.method) checkMethod(method, grid);
  const what = grid
    ? `grid of ${grid.shape.join(" × ")}, ${a.size - free(grid)} solid`
    : `${a.size} unknowns`;
  report.note(`${file}: ${what}`);
  const signal = interruptible();
  const rows = [];
  let last: SolverOutcome<Float64Array> | undefined;
  for (const method of options.method) {
    const bar = report.bar(method, Math.log10(1 / options.tolerance));
    const outcome = await run(method, problem, options, signal, (residual) =>
      bar.update(Math.max(0, -Math.log10(residual)), `residual ${shortNumber(residual)}`),
    ).finally(() => bar.stop());
    signal.throwIfAborted();
    const { status, reason, iterations, residuals } = outcome;
    rows.push({ method, status, reason, iterations, residuals });
    last = outcome;
  }
  if (options.out !== undefined) await writeFileAtomic(options.out, encoded(options.out, problem, last!.x));
  report.table(
    rows.map(({ method, status, iterations, residuals }) => ({
      ...{ method, status, iterations, residual: shortNumber(residuals.at(-1)!) },
    })),
  );
  if (options.out !== undefined) report.note(`wrote ${options.out}`);
  report.result({
    ...{ file, unknowns: grid ? free(grid) : a.size, tolerance: options.tolerance, methods: rows },
    ...(grid ? { shape: grid.shape, walls: grid.walls } : {}),
    ...(options.out === undefined ? {} : { out: options.out }),
  });
}

const free = ({ free: cells }: PoissonOperator): number => cells.reduce((sum, v) => sum + v, 0);

function checkMethod(method: Method, grid: PoissonOperator | undefined): void {
  if (method.includes("cg") && method !== "multigrid-cg") return;
  if (!grid) throw new OptionError({ where: "--method", want: "cg or ic-cg for a matrix", got: method });
  if (method === "dcdm" && grid.shape.some((n) => n % 2 !== 0)) {
    const got = grid.shape.join(" × ");
    throw new OptionError({
      where: "--method dcdm",
      want: "a grid of even sides",
      got,
      hint: "--method multigrid-cg",
    });
  }
}

async function run(
  method: Method,
  { a, b, matrix, grid }: Problem,
  options: Options,
  signal: AbortSignal,
  onResidual: (residual: number) => void,
): Promise<SolverOutcome<Float64Array>> {
  const common = {
    ...{ tolerance: options.tolerance, signal },
    ...(options.iterations === undefined ? {} : { maxIterations: options.iterations }),
    onIteration: ({ residual }: { residual: number }) => onResidual(residual),
  };
  switch (method) {
    case "cg":
      return conjugateGradient(a, b, common);
    case "ic-cg": {
      const preconditioner = incompleteCholesky(matrix());
      if (preconditioner) return conjugateGradient(a, b, { ...common, preconditioner });
      throw new FormatError({
        where: "--method ic-cg",
        want: "a positive definite matrix",
        got: "no factor",
      });
    }
    case "multigrid":
      return multigrid(grid!).solve(b, common);
    case "multigrid-cg":
      return conjugateGradient(a, b, { ...common, preconditioner: multigrid(grid!) });
    case "dcdm": {
      const { network, params } = await pretrainedDirections(grid!.shape.length as 2 | 3);
      const learned = learnedDirections(network, params, grid!);
      const how = { ...common, direction: learned.direction, memory: options.memory };
      return conjugateDirections(a, b, how).finally(() => learned.release());
    }
  }
}

/** f·h² on the free cells; NaN is solid. */
async function readGrid(file: string, { walls, spacing }: Options): Promise<Problem> {
  const { data, shape } = /\.(csv|tsv|txt)(\.gz)?$/i.test(file)
    ? parseCsv(await text(file), { where: file, header: false, missing: "nan" }).features
    : await readArrayFile(file);
  if (![2, 3].includes(shape.length))
    throw new FormatError({ where: file, want: "a grid of 2 or 3 axes", got: `[${shape.join(", ")}]` });
  const solid = Uint8Array.from(data, (v) => (Number.isNaN(v) ? 1 : 0));
  const grid = poissonOperator({ shape, solid, walls });
  const b = Float64Array.from(data, (v) => (Number.isNaN(v) ? 0 : v * spacing ** 2));
  return { a: grid, b, matrix: grid.matrix, grid };
}

async function readSystem(file: string, { rhs }: Options): Promise<Problem> {
  const parsed = parseMatrixMarket(await bytes(file), { where: file });
  if (parsed.format === "array" || parsed.rows !== parsed.columns)
    throw new FormatError({
      where: file,
      want: "a square matrix of coordinates",
      got: `${parsed.format}, ${parsed.rows} × ${parsed.columns}`,
    });
  const matrix = sparseFromTriplets(parsed);
  if (sparseAsymmetry(matrix) > 1e-12)
    throw new FormatError({ where: file, want: "a symmetric matrix", got: "one that is not" });
  const b = rhs === undefined ? new Float64Array(matrix.rows).fill(1) : await readVector(rhs);
  if (b.length !== matrix.rows)
    throw new FormatError({ where: rhs ?? file, want: `${matrix.rows} numbers`, got: `${b.length}` });
  return { a: sparseOperator(matrix), b, matrix: () => matrix };
}

async function readVector(file: string): Promise<Float64Array> {
  if (!/\.mtx(\.gz)?$/i.test(file)) return Float64Array.from((await readArrayFile(file)).data);
  const parsed = parseMatrixMarket(await bytes(file), { where: file });
  if (parsed.format === "array") return parsed.array.data;
  const dense = new Float64Array(parsed.rows * parsed.columns);
  parsed.value.forEach((v, e) => (dense[parsed.row[e]! * parsed.columns + parsed.column[e]!] = v));
  return dense;
}

const bytes = async (file: string): Promise<Uint8Array> =>
  gunzip(await readLocation(file), file, defaultMaxBytes);
const text = async (file: string): Promise<string> => new TextDecoder().decode(await bytes(file));

function encoded(path: string, { grid }: Problem, x: Float64Array): Uint8Array | string {
  const shape = grid?.shape ?? [x.length, 1];
  const data = x.map((v, i) => (grid && !grid.free[i] ? NaN : v));
  if (/\.npy$/i.test(path)) return encodeNpy({ data, shape: [...shape] });
  const width = shape.at(-1)!;
  const lines = Array.from({ length: data.length / width }, (_, i) =>
    data.subarray(i * width, (i + 1) * width).join(","),
  );
  return `${lines.join("\n")}\n`;
}
