import type { Command } from "commander";
import { OptionError } from "../../core/errors.js";
import { readLocation } from "../../data/assets.js";
import { summary, type OnnxEntry } from "../../onnx/summary.js";
import { createReport } from "../report.js";

interface Options {
  size?: Record<string, number>;
  json?: boolean;
}

/** `fluxion inspect`: what an ONNX file is made of. */
export function inspectCommand(program: Command): void {
  program
    .command("inspect")
    .description("operators, weights, inputs, outputs and cost of any ONNX file")
    .argument("<file>", "an ONNX file")
    .option("--size <name=n>", "size of a free dimension, e.g. batch=8; others count as 1", addSize)
    .option("--json", "print the result as one JSON document, and nothing else")
    .addHelpText(
      "after",
      `
Examples:
  $ fluxion inspect runs/one-step/flow.onnx
  $ fluxion inspect model.onnx --size batch=8 --size length=128`,
    )
    .action(async (file: string, { size = {}, json }: Options) => {
      const report = createReport(json);
      const found = summary(await readLocation(file), { where: file, sizes: size });
      const { producer, opset, nodes, weights, bytes, flops, why } = found;
      report.note(`${file}: ${producer || "unknown producer"}, opset ${opset}`);
      report.note(`${count(nodes)} nodes, ${count(weights)} weights (${(bytes / 1e6).toFixed(2)} MB)`);
      report.note(`floating-point operations of a run: ${flops === undefined ? why : count(flops)}\n`);
      report.table([
        ...found.inputs.map((entry) => row("input", entry)),
        ...found.outputs.map((entry) => row("output", entry)),
      ]);
      report.note("");
      report.table(Object.entries(found.operators).map(([operator, n]) => ({ operator, nodes: n })));
      report.result({ file, ...found });
    });
}

const count = (n: number): string => n.toLocaleString("en-US");

const row = (kind: string, { name, type, shape }: OnnxEntry): Record<string, string> => ({
  kind,
  name,
  type,
  shape: shape ? `[${shape.join(", ")}]` : "any",
});

function addSize(text: string, sizes: Record<string, number> = {}): Record<string, number> {
  const [, name, size] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (!name || !(Number(size) >= 1 && Number(size) <= 1e9))
    throw new OptionError({ where: "--size", want: "a name and a whole number, as in batch=8", got: text });
  return { ...sizes, [name]: Number(size) };
}
