import type { GraphProto, ModelProto } from "onnx-buf";
import { OPSET } from "../compile/emit.js";
import { CompileError, OptionError } from "../core/errors.js";

/** The oldest operator set with the form in which the emitter writes an operator, where that is not 17 or older. */
const since: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ["BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Pad", "Resize"].map((op) => [op, 18]),
  ),
  ...Object.fromEntries(
    ["ReduceMax", "ReduceMin", "ReduceProd", "Split", "ScatterElements", "ScatterND"].map((op) => [op, 18]),
  ),
  ...{ AveragePool: 19, Gelu: 20, GridSample: 20, DFT: 20, GroupNormalization: 21 },
};
const OLDEST = 18;
/** Version of the file format that belongs to each operator set. */
const irVersions: Readonly<Record<number, bigint>> = { 18: 8n, 19: 9n, 20: 9n, 21: 10n };

/**
 * Declares an older operator set, where every operator in use has it.
 * @throws OptionError outside 18 … 21; CompileError naming the operators that are too new
 */
export function lowerOpset(model: ModelProto, opset: number): void {
  if (!Number.isInteger(opset) || opset < OLDEST || opset > OPSET) {
    throw new OptionError({
      where: "exportOnnx: opset",
      want: `a whole number from ${OLDEST} to ${OPSET}`,
      got: String(opset),
    });
  }
  const newer = new Set<string>();
  const visit = (graph: GraphProto): void => {
    for (const node of graph.node) {
      if (node.domain === "" && (since[node.opType] ?? 0) > opset)
        newer.add(`${node.opType} (${since[node.opType]})`);
      for (const a of node.attribute) if (a.g) visit(a.g);
    }
  };
  visit(model.graph!);
  if (newer.size > 0) {
    throw new CompileError({
      where: "exportOnnx: opset",
      want: `operators of opset ${opset}`,
      got: [...newer].join(", "),
    });
  }
  for (const entry of model.opsetImport) if (entry.domain === "") entry.version = BigInt(opset);
  model.irVersion = irVersions[opset]!;
}
