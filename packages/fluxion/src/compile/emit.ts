import { create, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import type { DType, TypedArray } from "../core/dtypes.js";
import { CompileError } from "../core/errors.js";
import { collect, type EmitScope, type Graph, type Node } from "../core/node.js";
import type { Shape } from "../core/shape.js";
import { literalOf, storageOf, type Tensor } from "../core/tensor.js";
import { attributeProto, rawBytes, tensorProto, valueInfo } from "./proto.js";

/** Operator set of emitted models. */
export const OPSET = 21;

/** An ONNX model with the names of its inputs and outputs, in the order of the params and results. */
export interface EmittedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: number;
}

/** Names to give to inputs and outputs; default `in0…`, `out0…`. */
export interface EmitNames {
  inputs?: readonly string[];
  outputs?: readonly string[];
}

/** Fresh names and counts of one model; sub-graphs share them. */
interface Session {
  next: number;
  nodes: number;
  /** Results that something uses, in the graph being written and its sub-graphs. */
  used: Set<Tensor>;
}

/** ONNX has no operator for it, so it runs between two models and cannot be inside one. */
function hostOperator(name: string, nested: boolean): CompileError {
  if (!nested) {
    const hint = "run it with compile(f)(...) instead, or leave it out of what is exported";
    return new CompileError({ where: name, got: "a host operator in a model of its own", hint });
  }
  return new CompileError({
    where: name,
    got: "a host operator inside scan, cond or checkpoint",
    hint: "the graph cannot be cut there: compute it outside and pass the result in, map with vmap instead, or loop in TypeScript",
  });
}

/** @throws CompileError for a value that only a device holds */
function heldIn(node: Node): TypedArray {
  const host = storageOf(node.outputs[0]!)?.host;
  if (host) return host;
  const hint = "read it first: await t.data()";
  throw new CompileError({
    where: "compile: frozen",
    want: "values on the host",
    got: "one on a device",
    hint,
  });
}

class Scope implements EmitScope {
  readonly opset = OPSET;
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #literals = new Map<string, string>();

  constructor(
    readonly session: Session,
    readonly names: Map<Tensor, string>,
    readonly root?: Scope,
  ) {}

  fresh(prefix: string): string {
    return `${prefix}${this.session.next++}`;
  }

  isUsed(t: Tensor): boolean {
    return this.session.used.has(t);
  }

  node(
    type: string,
    inputs: readonly string[],
    attrs: Record<string, unknown> = {},
    more: { domain?: string; outputs?: readonly string[] | number } = {},
  ): string[] {
    const { outputs = 1, domain = "" } = more;
    const names =
      typeof outputs === "number" ? Array.from({ length: outputs }, () => this.fresh("v")) : [...outputs];
    const attribute_ = Object.entries(attrs).flatMap(([k, v]) =>
      v === undefined ? [] : [attributeProto(k, v)],
    );
    this.nodes.push(
      create(NodeProtoSchema, {
        name: this.fresh(type),
        opType: type,
        domain,
        input: [...inputs],
        output: names,
        attribute: attribute_,
      }),
    );
    this.session.nodes++;
    return names;
  }

  ints(values: readonly number[] | number): string {
    const list = typeof values === "number" ? [values] : values;
    const data = BigInt64Array.from(list, (v) => BigInt(v));
    return this.literal(data, "int64", typeof values === "number" ? [] : [list.length]);
  }

  literal(data: TypedArray, dtype: DType, shape: Shape): string {
    // Initializers live in the outermost graph, whose names sub-graphs see.
    if (this.root) return this.root.literal(data, dtype, shape);
    const key = data.length <= 16 ? `${dtype}${shape.join()}:${rawBytes(data).join()}` : undefined;
    const known = key === undefined ? undefined : this.#literals.get(key);
    if (known) return known;
    const name = this.fresh("c");
    this.initializers.push(tensorProto(name, data, dtype, shape));
    if (key !== undefined) this.#literals.set(key, name);
    return name;
  }

  graph(graph: Graph, names: ReadonlyMap<Tensor, string>): GraphProto {
    const inner = new Scope(this.session, new Map([...this.names, ...names]), this.root ?? this);
    const inputs = graph.params.map((t) => {
      const name = this.fresh("b");
      inner.names.set(t, name);
      return valueInfo(name, t.dtype, t.shape);
    });
    inner.emit(graph.results, new Set([...graph.params, ...names.keys()]));
    const outputs = inner.results(graph.results, (i) => this.fresh(`r${i}_`));
    return create(GraphProtoSchema, {
      name: this.fresh("body"),
      node: inner.nodes,
      input: inputs,
      output: outputs,
    });
  }

  /** Writes the nodes that compute `results`, stopping at values that have names already. */
  emit(results: readonly Tensor[], stop: ReadonlySet<Tensor>): void {
    const nodes = collect(results, stop);
    for (const t of results) this.session.used.add(t);
    for (const node of nodes) for (const t of node.inputs) this.session.used.add(t);
    for (const node of nodes) this.emitNode(node);
  }

  emitNode(node: Node): void {
    if (node.outputs.every((t) => this.names.has(t))) return;
    // A held value that is no input is to be part of the model.
    const literal = literalOf(node.outputs[0]!) ?? (node.op.name === "Data" ? heldIn(node) : undefined);
    if (literal) {
      const t = node.outputs[0]!;
      this.names.set(t, this.literal(literal, t.dtype, t.shape));
      return;
    }
    if (node.op.name === "Input")
      throw new CompileError({
        where: "compile",
        got: "an argument of another traced function",
        hint: "do not let tensors escape from a traced function",
      });
    if (node.op.host) throw hostOperator(node.op.name, this.root !== undefined);
    const names = node.inputs.map((t) => this.names.get(t)!);
    const outputs = node.op.emit
      ? node.op.emit(this, node, names)
      : this.node(node.op.name, names, node.attrs, { outputs: node.outputs.length });
    node.outputs.forEach((t, i) => this.names.set(t, outputs[i]!));
  }

  /** Gives the results names of their own: a graph's output may not be one of its inputs, or the same twice. */
  results(results: readonly Tensor[], nameOf: (i: number) => string): ValueInfoProto[] {
    const made = new Map(this.nodes.flatMap((n) => n.output.map((name) => [name, n] as const)));
    const renamed = new Map<string, string>();
    const copies: [string, string][] = [];
    const outputs = results.map((t, i) => {
      const name = nameOf(i);
      const current = this.names.get(t)!;
      if (made.has(current) && !renamed.has(current)) renamed.set(current, name);
      else copies.push([renamed.get(current) ?? current, name]);
      return valueInfo(name, t.dtype, t.shape);
    });
    renameValues(this.nodes, renamed);
    for (const [from, to] of copies) this.node("Identity", [from], {}, { outputs: [to] });
    return outputs;
  }
}

/** Renames values in nodes and in the sub-graphs that read them. */
function renameValues(nodes: readonly NodeProto[], names: ReadonlyMap<string, string>): void {
  for (const node of nodes) {
    node.input = node.input.map((name) => names.get(name) ?? name);
    node.output = node.output.map((name) => names.get(name) ?? name);
    for (const { g } of node.attribute) if (g) renameValues(g.node, names);
  }
}

/**
 * An ONNX model that computes `results` from `params`.
 * @throws CompileError if the results depend on the argument of some other traced function
 */
export function emitModel(
  results: readonly Tensor[],
  params: readonly Tensor[],
  names: EmitNames = {},
): EmittedModel {
  const inputs = params.map((_, i) => names.inputs?.[i] ?? `in${i}`);
  const outputs = results.map((_, i) => names.outputs?.[i] ?? `out${i}`);
  const session: Session = { next: 0, nodes: 0, used: new Set() };
  const scope = new Scope(session, new Map(params.map((t, i) => [t, inputs[i]!])));
  scope.emit(results, new Set(params));
  const output = scope.results(results, (i) => outputs[i]!);
  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: "fluxion",
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(OPSET) }),
      create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }),
    ],
    graph: create(GraphProtoSchema, {
      name: "fluxion",
      node: scope.nodes,
      initializer: scope.initializers,
      input: params.map((t, i) => valueInfo(inputs[i]!, t.dtype, t.shape)),
      output,
    }),
  });
  return {
    bytes: toBinary(ModelProtoSchema, model),
    inputs,
    outputs,
    nodes: session.nodes,
  };
}
