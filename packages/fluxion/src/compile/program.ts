import { decode, encode } from "../core/dtypes.js";
import { CompileError, FluxionError } from "../core/errors.js";
import { collect, type Node } from "../core/node.js";
import { sizeOf } from "../core/shape.js";
import { literalOf, storageOf, type Storage, type Tensor } from "../core/tensor.js";
import { emitModel } from "./emit.js";
import type { Runtime, RuntimeInput, RuntimeSession, SessionOptions } from "./runtime.js";
import { simplify } from "./simplify.js";

/** What a program took to build and to run. */
export interface ProgramStats {
  /** Milliseconds of simplifying and writing the graph. */
  readonly emitMs: number;
  /** Milliseconds of loading it into ONNX Runtime. */
  readonly loadMs: number;
  /** ONNX nodes, over all segments. */
  readonly nodes: number;
  /** Bytes of the ONNX models. */
  readonly bytes: number;
  /** Runs so far, and milliseconds in them. */
  readonly runs: number;
  readonly runMs: number;
}

/** A computation ready to run. */
export interface Program {
  run(args: readonly Tensor[]): Promise<Storage[]>;
  release(): Promise<void>;
  readonly stats: ProgramStats;
}

type Step =
  | { kind: "session"; session: RuntimeSession; inputs: readonly Tensor[]; outputs: readonly Tensor[] }
  | { kind: "host"; node: Node };

const inputOf = (t: Tensor, storage: Storage): RuntimeInput => ({ storage, dtype: t.dtype, shape: t.shape });

/** The leaves that hold values and are no params: what a traced function closes over. */
export const heldValues = (results: readonly Tensor[], params: readonly Tensor[]): Tensor[] =>
  collect(results, new Set(params))
    .filter((n) => n.op.name === "Data")
    .map((n) => n.outputs[0]!);

/**
 * Builds the program of `results` from `params`. Tensors with values among the leaves are fed at every run. Host
 * operators cut the graph: the parts between run in ONNX Runtime, in turn with them.
 */
export async function buildProgram(
  results: readonly Tensor[],
  params: readonly Tensor[],
  runtime: Runtime,
  options: SessionOptions,
): Promise<Program> {
  const began = performance.now();
  const simple = simplify(results, params);
  const nodes = collect(simple, new Set(params));
  const fed = options.frozen ? [] : heldValues(simple, params);
  const { levels, hosts } = stages(nodes);
  const leaves = [...params, ...fed];
  const plans: { inputs: Tensor[]; outputs: Tensor[]; hosts: Node[] }[] = [];
  for (let level = 0; level < levels; level++) plans.push({ inputs: [], outputs: [], hosts: [] });
  for (const [node, level] of hosts.list) plans[level]!.hosts.push(node);

  // A value is an output of its stage if the caller, a host operator or a later stage wants it.
  const wanted = new Set<Tensor>();
  const stageOf = (t: Tensor): number => hosts.stage.get(t) ?? -1;
  for (const t of simple) wanted.add(t);
  for (const [node] of hosts.list) for (const t of node.inputs) wanted.add(t);
  for (const node of nodes) {
    if (node.op.host) continue;
    const own = stageOf(node.outputs[0]!);
    for (const t of node.inputs) if (stageOf(t) >= 0 && stageOf(t) < own && !t.node.op.host) wanted.add(t);
  }
  const leafSet = new Set(leaves);
  // Leaves and literals need no session to have their values.
  for (const t of wanted)
    if (!leafSet.has(t) && !t.node.op.host && !literalOf(t)) plans[stageOf(t)]!.outputs.push(t);

  const steps: Step[] = [];
  let bytes = 0;
  let count = 0;
  let emitMs = performance.now() - began;
  let loadMs = 0;
  const available = new Set<Tensor>(leaves);
  for (const plan of plans) {
    if (plan.outputs.length > 0) {
      const start = performance.now();
      const inner = collect(plan.outputs, available);
      const inputs = [...new Set([...inner.flatMap((n) => n.inputs), ...plan.outputs])].filter((t) =>
        available.has(t),
      );
      const model = emitModel(plan.outputs, inputs);
      const written = performance.now();
      const doubles = inner.some((n) => [...n.inputs, ...n.outputs].some((t) => t.dtype === "float64"));
      const session = await load(runtime, model, { ...options, doubles });
      emitMs += written - start;
      loadMs += performance.now() - written;
      bytes += model.bytes.length;
      count += model.nodes;
      steps.push({ kind: "session", session, inputs, outputs: plan.outputs });
      for (const t of plan.outputs) available.add(t);
    }
    for (const node of plan.hosts) {
      steps.push({ kind: "host", node });
      for (const t of node.outputs) available.add(t);
    }
  }
  let runs = 0;
  let runMs = 0;
  return {
    async run(args) {
      const start = performance.now();
      const values = new Map<Tensor, Storage>();
      params.forEach((t, i) => values.set(t, storageOf(args[i]!)!));
      for (const t of fed) values.set(t, storageOf(t)!);
      for (const step of steps) {
        if (step.kind === "host") await runHost(step.node, values);
        else {
          const outputs = await step.session.run(step.inputs.map((t) => inputOf(t, values.get(t)!)));
          step.outputs.forEach((t, i) => values.set(t, outputs[i]!));
        }
      }
      runs++;
      runMs += performance.now() - start;
      return simple.map((t) => values.get(t) ?? storageOf(t)!);
    },
    async release() {
      for (const step of steps) if (step.kind === "session") await step.session.release();
    },
    get stats() {
      return { emitMs, loadMs, nodes: count, bytes, runs, runMs };
    },
  };
}

async function load(
  runtime: Runtime,
  model: ReturnType<typeof emitModel>,
  options: SessionOptions,
): Promise<RuntimeSession> {
  try {
    return await runtime.load(model.bytes, model.inputs, model.outputs, options);
  } catch (cause) {
    if (cause instanceof FluxionError) throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new CompileError({
      where: "compile",
      got: `ONNX Runtime's refusal on ${options.device}: ${said}`,
      cause,
    });
  }
}

/** A node's stage is the number of host operators on the longest way to it. */
function stages(nodes: readonly Node[]): {
  levels: number;
  hosts: { list: [Node, number][]; stage: Map<Tensor, number> };
} {
  const stage = new Map<Tensor, number>();
  const list: [Node, number][] = [];
  let levels = 1;
  for (const node of nodes) {
    let level = 0;
    for (const t of node.inputs) level = Math.max(level, (stage.get(t) ?? 0) + (t.node.op.host ? 1 : 0));
    if (node.op.host) list.push([node, level]);
    levels = Math.max(levels, level + 1);
    for (const t of node.outputs) stage.set(t, level);
  }
  return { levels, hosts: { list, stage } };
}

async function runHost(node: Node, values: Map<Tensor, Storage>): Promise<void> {
  const inputs = await Promise.all(
    node.inputs.map(async (t) => decode(await (values.get(t) ?? storageOf(t)!).read(), t.dtype)),
  );
  const outputs = await node.op.host!(inputs, node);
  node.outputs.forEach((t, i) => {
    if (outputs[i]!.length !== sizeOf(t.shape)) {
      throw new CompileError({
        where: node.op.name,
        want: `${sizeOf(t.shape)} values`,
        got: String(outputs[i]!.length),
      });
    }
    const host = encode(outputs[i]!, t.dtype);
    values.set(t, { host, read: () => Promise.resolve(host) });
  });
}
