import { create } from "@bufbuild/protobuf";
import {
  TensorShapeProto_DimensionSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { tensorProto } from "../compile/proto.js";
import { CompileError } from "../core/errors.js";
import type { BatchPlan } from "./batch-traces.js";
import { affine, BatchFormulas, type Literal, literalOfProto } from "./batch-formulas.js";
import { nodeProto } from "./proto.js";

/** One position of the graphs being compared: the same thing at each batch size. */
type Versions<T> = readonly T[];

const varies = (where: string, got: string): CompileError =>
  new CompileError({ where: `exportOnnx: dynamicBatch: ${where}`, got, hint: "export without dynamicBatch" });

/** Walks graphs of one function at several batch sizes in step, and makes the first one right for any size. */
class Generalizer {
  readonly formulas: BatchFormulas;
  readonly #initializers: Versions<Map<string, TensorProto>>;
  /** For every graph, which of its values stands for a value of the first graph. */
  readonly #same: Versions<Map<string, string>>;

  constructor(
    readonly graphs: Versions<GraphProto>,
    readonly plan: BatchPlan,
  ) {
    const source = plan.axes.findIndex((axis) => axis !== undefined);
    this.formulas = new BatchFormulas(plan.sizes, graphs[0]!.input[source]!.name, plan.axes[source]!);
    this.#initializers = graphs.map((g) => new Map(g.initializer.map((t) => [t.name, t])));
    this.#same = graphs.map(() => new Map());
  }

  graph(graphs: Versions<GraphProto>): void {
    const [first] = graphs;
    this.infos(graphs.map((g) => g.input));
    const lengths = graphs.map((g) => g.node.length);
    const nodes: NodeProto[] = [];
    for (let i = 0; i < Math.min(...lengths); i++) nodes.push(...this.node(graphs.map((g) => g.node[i]!)));
    if (new Set(lengths).size > 1)
      throw varies("fn", `${lengths.join(", ")} operators at batch sizes ${this.plan.sizes.join(", ")}`);
    this.infos(graphs.map((g) => g.output));
    first!.node = nodes;
  }

  /** Records that these are one value; gives every dimension that varies its formula as a name. */
  infos(lists: Versions<readonly ValueInfoProto[]>): void {
    lists[0]!.forEach((info, k) => {
      lists.forEach((list, g) => this.#same[g]!.set(info.name, list[k]!.name));
      const shapes = lists.map((list) => shapeOf(list[k]!));
      shapes[0]?.forEach((dim, axis) => {
        const sizes = shapes.map((shape) => Number(shape![axis]!.value.value));
        if (sizes.every((n) => n === sizes[0])) return;
        const line = affine(sizes, this.plan.sizes);
        const text = line === undefined ? `${info.name}_${axis}` : lineText(line, this.plan.name);
        dim.value = create(TensorShapeProto_DimensionSchema, {
          value: { case: "dimParam", value: text },
        }).value;
      });
    });
  }

  /** The node for any batch size, and what must follow it. */
  node(nodes: Versions<NodeProto>): NodeProto[] {
    const [first] = nodes;
    const where = `${first!.opType} ${first!.name}`;
    const shape = (n: NodeProto): string => `${n.domain}:${n.opType}(${n.input.length})->${n.output.length}`;
    const other = nodes.find((n) => shape(n) !== shape(first!));
    if (other) throw varies(where, `${other.opType} at another batch size`);
    first!.input = first!.input.map(
      (name, k) =>
        this.input(
          where,
          nodes.map((n) => n.input[k]!),
          first!,
          k,
        ) ?? name,
    );
    first!.output.forEach((name, k) => nodes.forEach((n, g) => this.#same[g]!.set(name, n.output[k]!)));
    const after: NodeProto[] = [];
    for (const attribute of first!.attribute) {
      const versions = nodes.map((n) => n.attribute.find((a) => a.name === attribute.name));
      if (versions.some((a) => a === undefined))
        throw varies(where, `attribute ${attribute.name} at some batch sizes only`);
      after.push(...this.attribute(where, first!, versions as AttributeProto[]));
    }
    return [first!, ...after];
  }

  /** The name to read instead, where the operand is a literal that varies. */
  input(where: string, names: Versions<string>, node: NodeProto, place: number): string | undefined {
    const protos = names.map((name, g) => this.#initializers[g]!.get(name));
    if (protos.every((p) => p === undefined)) {
      if (names.some((name, g) => this.#same[g]!.get(names[0]!) !== name && name !== ""))
        throw varies(where, "another operand at another batch size");
      return undefined;
    }
    if (protos.some((p) => p === undefined)) throw varies(where, "a constant at some batch sizes only");
    const literals = (protos as TensorProto[]).map(literalOfProto);
    if (literals.every((l) => l.key === literals[0]!.key)) return undefined;
    if (node.opType === "Reshape" && place === 1) {
      const open = this.openShape(literals);
      if (open !== undefined) return open;
    }
    const formula = this.formulas.of(literals);
    if (formula === undefined)
      throw varies(`${where}, operand ${place}`, "a constant that is no simple function of the batch size");
    return formula;
  }

  /** A target shape of which one size varies needs no formula: Reshape infers it. */
  openShape(literals: Versions<Literal>): string | undefined {
    const [first] = literals;
    const open = first!.values.flatMap((v, i) => (literals.some((l) => l.values[i] !== v) ? [i] : []));
    if (
      open.length !== 1 ||
      literals.some((l) => l.values.includes(0) || l.values.length !== first!.values.length)
    )
      return undefined;
    return this.formulas.constant(first!.values.with(open[0]!, -1), first!);
  }

  attribute(where: string, node: NodeProto, versions: Versions<AttributeProto>): NodeProto[] {
    const [first] = versions;
    if (first!.g) {
      this.graph(versions.map((a) => a.g!));
      return [];
    }
    const key = (a: AttributeProto): string => [a.type, a.f, a.i, a.s, a.floats, a.ints, a.strings].join("|");
    if (versions.every((a) => key(a) === key(first!))) return [];
    const scales =
      first!.name === "alpha" &&
      (node.opType === "FusedMatMul" || node.opType === "Gemm") &&
      node.input.length === 2;
    const factor = scales
      ? this.formulas.of(versions.map((a) => ({ key: key(a), dtype: "float32", dims: [], values: [a.f] })))
      : undefined;
    if (factor === undefined) throw varies(where, `attribute ${first!.name} depends on the batch size`);
    // The factor cannot be an attribute any more: it multiplies the product instead.
    first!.f = 1;
    const [name] = node.output;
    node.output = [`${name!}_unscaled`];
    return [nodeProto("Mul", [node.output[0]!, factor], name!)];
  }
}

const shapeOf = (info: ValueInfoProto) =>
  info.type?.value.case === "tensorType" ? info.type.value.value.shape?.dim : undefined;

const lineText = ([a, b]: readonly [number, number], name: string): string =>
  `${b === 1 ? "" : `${b}*`}${name}${a === 0 ? "" : a > 0 ? ` + ${a}` : ` - ${-a}`}`;

/**
 * Rewrites the first of `graphs`, of one function at the plan's batch sizes, into one that holds for any batch size.
 * @throws CompileError naming the operator at which the graphs differ in a way that no formula covers
 */
export function generalize(graphs: Versions<GraphProto>, plan: BatchPlan): void {
  const walk = new Generalizer(graphs, plan);
  walk.graph(graphs);
  const [first] = graphs;
  first!.node.unshift(...walk.formulas.nodes);
  first!.initializer.push(
    ...walk.formulas.literals.map(({ name, data, dtype, shape }) => tensorProto(name, data, dtype, shape)),
  );
  const used = new Set<string>();
  const note = (g: GraphProto): void => {
    for (const n of g.node) {
      n.input.forEach((name) => used.add(name));
      for (const a of n.attribute) if (a.g) note(a.g);
    }
  };
  note(first!);
  first!.initializer = first!.initializer.filter((t) => used.has(t.name));
}
