// The limit of a step: its own matrix products and convolutions alone, in a bare ONNX Runtime session.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from "onnx-buf";
import { treeLeaves } from "fluxion";
import * as ort from "onnxruntime-node";
import { floats, generator } from "./random.js";

const products = new Set(["MatMul", "Gemm", "FusedMatMul", "Conv", "ConvTranspose", "FusedConv"]);
const FLOAT = 1;
const INT64 = 7;

/** A model's feeds in the order of its inputs. */
export type Feeds = Record<string, ort.Tensor>;

/** A raw session of the products of a model. */
export interface Limit {
  /** Products in one run. */
  readonly count: number;
  run(): Promise<unknown>;
  release(): Promise<void>;
}

const typed = (name: string, elemType: number) =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: { case: "tensorType", value: create(TypeProto_TensorSchema, { elemType }) },
    }),
  });

const modelOf = (model: ModelProto, graph: Partial<GraphProto>): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: model.irVersion,
      opsetImport: model.opsetImport,
      graph: create(GraphProtoSchema, { name: "limit", ...graph } as never),
    }),
  );

/**
 * What to feed to a lowered function.
 * @param inputs names of the model's inputs
 * @param args the function's arguments
 */
export async function feedsOf(inputs: readonly string[], args: readonly unknown[]): Promise<Feeds> {
  const leaves = treeLeaves(args);
  if (leaves.length !== inputs.length) throw new Error(`${leaves.length} values for ${inputs.length} inputs`);
  const entries = leaves.map(async (t, i): Promise<[string, ort.Tensor]> => {
    const data = await t.data();
    return [inputs[i]!, new ort.Tensor(t.dtype as "float32", data as Float32Array, t.shape)];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Sizes of the operands, found by running the whole model once with the operands as its outputs. */
async function operandShapes(
  model: ModelProto,
  names: ReadonlySet<string>,
  feeds: Feeds,
): Promise<Map<string, readonly number[]>> {
  const graph = model.graph!;
  const shapes = new Map<string, readonly number[]>();
  for (const t of graph.initializer) shapes.set(t.name, t.dims.map(Number));
  for (const [name, t] of Object.entries(feeds)) shapes.set(name, t.dims);
  const inner = [...names].filter((name) => !shapes.has(name));
  // Their sizes only: the operands themselves, all at once, would need gigabytes.
  const node = inner.map((name) =>
    create(NodeProtoSchema, { opType: "Shape", input: [name], output: [`shape:${name}`] }),
  );
  const bytes = modelOf(model, {
    node: [...graph.node, ...node],
    input: graph.input,
    initializer: graph.initializer,
    output: inner.map((name) => typed(`shape:${name}`, INT64)),
  });
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "disabled" });
  const sizes = await session.run(feeds);
  await session.release();
  for (const name of inner) {
    shapes.set(name, Array.from(sizes[`shape:${name}`]!.data as BigInt64Array, Number));
  }
  return shapes;
}

/**
 * The matrix products and convolutions of a model, with operands of the same sizes, nothing between them and nothing
 * of their results kept. Products inside loops are not found.
 * @param bytes an ONNX model
 * @param feeds of the model
 */
export async function limitOf(bytes: Uint8Array, feeds: Feeds): Promise<Limit> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const nodes = model.graph!.node.filter((n) => products.has(n.opType));
  const names = new Set(nodes.flatMap((n) => n.input.filter((name) => name !== "")));
  const shapes = await operandShapes(model, names, feeds);
  const next = generator();
  const operands: Feeds = {};
  for (const name of names) {
    const dims = shapes.get(name)!;
    const size = dims.reduce((a, b) => a * b, 1);
    operands[name] = new ort.Tensor("float32", floats(next, size), dims);
  }
  // Names of their own: what is the result of one product may be the operand of another.
  nodes.forEach((n, i) => (n.output = [`product:${i}`]));
  // A node whose result nobody reads is left out; Shape reads it for nothing.
  const readers = nodes.map((n) =>
    create(NodeProtoSchema, { opType: "Shape", input: [n.output[0]!], output: [`shape:${n.output[0]}`] }),
  );
  const raw = modelOf(model, {
    node: nodes.flatMap((n, i): NodeProto[] => [n, readers[i]!]),
    input: [...names].map((name) => typed(name, FLOAT)),
    output: readers.map((n) => typed(n.output[0]!, INT64)),
  });
  // Optimised, a Shape that is known beforehand would be folded and its product dropped.
  const session = await ort.InferenceSession.create(raw, { graphOptimizationLevel: "disabled" });
  return {
    count: nodes.length,
    run: () => session.run(operands),
    release: () => session.release(),
  };
}
