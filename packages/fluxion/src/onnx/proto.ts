import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  type GraphProto,
  type NodeProto,
} from "onnx-buf";

/** A node with whole-number attributes. */
export const nodeProto = (
  opType: string,
  input: string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): NodeProto =>
  create(NodeProtoSchema, {
    name: output,
    opType,
    input,
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) =>
      create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) }),
    ),
  });

/** Gives values other names, in sub-graphs too; what has one of the new names already gets a fresh one. */
export function rename(graph: GraphProto, names: ReadonlyMap<string, string>): void {
  const wanted = new Set(names.values());
  const used = new Set<string>(wanted);
  const forEachName = (g: GraphProto, f: (name: string) => string): void => {
    for (const info of [...g.input, ...g.output, ...g.initializer]) info.name = f(info.name);
    for (const node of g.node) {
      node.input = node.input.map((name) => (name === "" ? "" : f(name)));
      node.output = node.output.map((name) => (name === "" ? "" : f(name)));
      for (const attribute of node.attribute) if (attribute.g) forEachName(attribute.g, f);
    }
  };
  forEachName(graph, (name) => (used.add(name), name));
  const final = new Map(names);
  forEachName(graph, (name) => {
    let to = final.get(name);
    if (to === undefined) {
      to = name;
      if (wanted.has(name)) for (let i = 1; used.has(to); i++) to = `${name}_${i}`;
      used.add(to);
      final.set(name, to);
    }
    return to;
  });
}
