import { runtime } from "#runtime";
import { checkOptions, CompileError } from "../core/errors.js";
import { fromStorage, placeholder, storageOf, Tensor } from "../core/tensor.js";
import { flattenTree, type TreeDef } from "../core/tree.js";
import { ProgramCache } from "./cache.js";
import { device, type Device } from "./device.js";
import { emitModel, type EmittedModel } from "./emit.js";
import { evaluate } from "./evaluate.js";
import { identityOf, numberKey } from "./key.js";
import { buildProgram, heldValues, type Program, type ProgramStats } from "./program.js";
import { simplify } from "./simplify.js";
import { costOf, type Cost } from "./cost.js";

/** Options of `compile`. */
export interface CompileOptions {
  /** Default: `setDevice`'s, or the first available. */
  device?: Device;
  /** Threads within an operator. Default: all cores. */
  threads?: number;
  /** Specialisations kept, one per combination of shapes, dtypes, structure and static values. Default 8. */
  cacheSize?: number;
  /**
   * Whether Tensors that the function closes over become part of the program, where ONNX Runtime lays weights out for
   * its kernels: a U-Net's forward pass took 0.6 of the time. Not inside `scan`, where it makes no difference. They are
   * fixed then, and held once more in memory. Default false: they are fed.
   */
  frozen?: boolean;
  /** Prefix of a file for ONNX Runtime's own profile (Node only). */
  profile?: string;
}

type Awaitable<T> = T extends Promise<infer V> ? Promise<V> : Promise<T>;

/** A compiled function. */
export interface Compiled<Args extends unknown[], Out> {
  (...args: Args): Awaitable<Out>;
  /** The ONNX model for arguments like these, and its cost. Tensors that `f` closes over become further inputs. */
  lower(...args: Args): EmittedModel & { cost: Cost };
  /** Build and run times of the specialisations in use. */
  readonly stats: readonly ProgramStats[];
  /** Releases the sessions; the function may still be called and then compiles anew. */
  release(): Promise<void>;
}

interface Traced {
  readonly params: readonly Tensor[];
  readonly results: readonly Tensor[];
  /** Leaves of the value: tensors by index into `results`, the rest as they are. */
  readonly leaves: readonly unknown[];
  readonly def: TreeDef;
}

/**
 * `f` as one program of ONNX Runtime: traced once per combination of shapes, dtypes, tree structure and static values.
 * @param f pure function of trees; leaves that are Tensors are arguments, all others (numbers, strings, booleans,
 *   functions) are static: a new value compiles anew
 * @returns an async function of the same arguments; Tensors of its value are computed
 * @throws CompileError if ONNX Runtime refuses the graph
 */
export function compile<Args extends unknown[], Out>(
  f: (...args: Args) => Out,
  options: CompileOptions = {},
): Compiled<Args, Out> {
  checkOptions("compile", options, ["device", "threads", "cacheSize", "frozen", "profile"]);
  const cache = new ProgramCache(options.cacheSize ?? 8);
  const programs = new Map<string, { traced: Traced; program?: Program }>();

  const trace = (args: Args): Traced => {
    const { leaves, def } = flattenTree(args);
    const inputs = leaves.map((leaf) =>
      leaf instanceof Tensor ? placeholder(leaf.shape, leaf.dtype) : leaf,
    );
    const out: unknown = f(...(def.build(inputs) as Args));
    if (out instanceof Promise)
      throw new CompileError({ where: "compile", want: "a function that returns at once", got: "a promise" });
    const value = flattenTree(out);
    return {
      params: inputs.filter((leaf) => leaf instanceof Tensor),
      results: value.leaves.filter((leaf) => leaf instanceof Tensor),
      leaves: value.leaves,
      def: value.def,
    };
  };

  const call = async (...args: Args): Promise<unknown> => {
    const { leaves, def } = flattenTree(args);
    const tensors = leaves.filter((leaf): leaf is Tensor => leaf instanceof Tensor);
    if (tensors.some((t) => !storageOf(t))) await evaluate(tensors);
    const where = options.device ?? device(await runtime.devices());
    const key = `${where}|${def.key}|${leaves.map(staticKey).join("|")}`;
    let entry = programs.get(key);
    const program = await cache.get(key, async () => {
      entry = { traced: trace(args) };
      const { results, params } = entry.traced;
      const built = await buildProgram(results, params, runtime, {
        device: where,
        threads: options.threads,
        frozen: options.frozen,
        profile: options.profile,
      });
      entry.program = built;
      programs.set(key, entry);
      return {
        run: (list) => built.run(list),
        release: () => (programs.delete(key), built.release()),
        get stats() {
          return built.stats;
        },
      };
    });
    entry = programs.get(key)!;
    const values = await program.run(tensors);
    let next = 0;
    return entry.traced.def.build(
      entry.traced.leaves.map((leaf) =>
        leaf instanceof Tensor ? fromStorage(values[next++]!, leaf.shape, leaf.dtype) : leaf,
      ),
    );
  };
  return Object.defineProperties(call as unknown as Compiled<Args, Out>, {
    lower: {
      value: (...args: Args) => {
        const { results, params } = trace(args);
        const simple = simplify(results, params);
        const inputs = [...params, ...heldValues(simple, params)];
        return { ...emitModel(simple, inputs), cost: costOf(simple, inputs) };
      },
    },
    stats: { get: () => [...programs.values()].flatMap((p) => (p.program ? [p.program.stats] : [])) },
    release: { value: () => cache.clear() },
  });
}

function staticKey(leaf: unknown): string {
  if (leaf instanceof Tensor) return `${leaf.dtype}[${leaf.shape.join(",")}]`;
  if (typeof leaf === "number") return `n${numberKey(leaf)}`;
  if (typeof leaf === "string") return JSON.stringify(leaf);
  if (typeof leaf === "function" || (typeof leaf === "object" && leaf !== null))
    return `#${identityOf(leaf)}`;
  return String(leaf);
}
