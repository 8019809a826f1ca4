// Runs the ONNX project's node tests through importOnnx and the engine: `npm run node-tests -- --dir FOLDER`.
// FOLDER holds what scripts/make-node-tests.py writes: node/<test>/model.onnx and test_data_set_*/{input,output}_*.pb.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { parseArgs } from "node:util";
import { parseModel } from "../packages/fluxion/src/onnx/parse.js";
import { runNodeTest, type NodeTestResult } from "../packages/fluxion/src/testing/onnx-node-test.js";

const { values } = parseArgs({
  options: {
    dir: { type: "string" },
    filter: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    /** Writes the smallest passing tests of every operator to this file, for `npm test`. */
    pack: { type: "string" },
    /** Writes the counts by operator to this Markdown file. */
    report: { type: "string" },
  },
});
if (values.dir === undefined)
  throw new Error("--dir FOLDER is missing; scripts/make-node-tests.py writes one");
const root = path.join(values.dir, "node");

/** A test as text, its files in base64. */
interface PackedTest {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const PER_OPERATOR = 1;
const SEVERAL = "(several operators)";
const EXPANDED = 12;

type Status = NodeTestResult["status"];
type Counts = Record<Status, number>;
const none = (): Counts => ({ pass: 0, unsupported: 0, fail: 0 });

/** The tested operator; tests of a function's expansion count together. */
function operatorOf(model: Uint8Array): string {
  try {
    const { nodes } = parseModel(model, "").graph;
    return nodes.length === 1 ? nodes[0]!.type : SEVERAL;
  } catch {
    return "(types that Fluxion lacks)";
  }
}

const files = (folder: string, prefix: string): Uint8Array[] =>
  readdirSync(folder)
    .filter((f) => f.startsWith(prefix))
    .sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b)))
    .map((f) => new Uint8Array(readFileSync(path.join(folder, f))));

const total = none();
const byOperator = new Map<string, Counts>();
const passed: { operator: string; size: number; test: PackedTest }[] = [];
const problems: { test: string; status: Status; why: string }[] = [];
for (const name of readdirSync(root).sort()) {
  if (!name.includes(values.filter)) continue;
  const folder = path.join(root, name);
  const model = new Uint8Array(readFileSync(path.join(folder, "model.onnx")));
  let result: NodeTestResult = { status: "pass" };
  for (const set of readdirSync(folder).filter((f) => f.startsWith("test_data_set"))) {
    const data = path.join(folder, set);
    const [inputs, outputs] = [files(data, "input_"), files(data, "output_")];
    result = await runNodeTest({ model, inputs, outputs });
    if (result.status !== "pass") break;
    const size = [model, ...inputs, ...outputs].reduce((n, f) => n + f.length, 0);
    const test = { name, model: base64(model), inputs: inputs.map(base64), outputs: outputs.map(base64) };
    passed.push({ operator: operatorOf(model), size, test });
  }
  const operator = operatorOf(model);
  const counts = byOperator.get(operator) ?? none();
  counts[result.status]++;
  total[result.status]++;
  byOperator.set(operator, counts);
  if (result.status !== "pass") problems.push({ test: name, status: result.status, why: result.why ?? "" });
}

if (values.json) {
  const operators = Object.fromEntries([...byOperator].sort(([a], [b]) => a.localeCompare(b)));
  console.log(JSON.stringify({ total, operators, problems }, undefined, 2));
} else {
  for (const { test, status, why } of problems) {
    if (status === "fail" || values.verbose) console.log(`${status} ${test}: ${why.slice(0, 300)}`);
  }
  console.log(`${total.pass} pass, ${total.unsupported} unsupported, ${total.fail} fail`);
}
if (values.pack !== undefined) {
  const chosen = [...byOperator.keys()].sort().flatMap((operator) => {
    const own = passed.filter((p) => p.operator === operator && p.size < 20_000);
    return own.sort((a, b) => a.size - b.size).slice(0, operator === SEVERAL ? EXPANDED : PER_OPERATOR);
  });
  writeFileSync(values.pack, gzipSync(JSON.stringify(chosen.map((c) => c.test)), { level: 9 }));
  console.error(`${chosen.length} tests in ${values.pack}`);
}
if (values.report !== undefined) writeFileSync(values.report, report());
process.exitCode = total.fail > 0 ? 1 : 0;

function report(): string {
  const rows = [...byOperator]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, c]) => `| ${name} | ${c.pass} | ${c.unsupported} | ${c.fail} |`);
  const reasons = new Map<string, number>();
  for (const { status, why } of problems) {
    if (status !== "unsupported") continue;
    const reason = /want supported operators, got (.*)$/.exec(why)?.[1]?.replaceAll(/ \([^)]*\)/g, "");
    const type = /want a tensor of numbers, got (.*)$/.exec(why)?.[1];
    const text =
      reason ??
      (type ? `tensors of ${type}` : why.replace(/^.*?"[^"]*": /, "").replace(/^CompileError: /, ""));
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  }
  const lacking = [...reasons].sort((a, b) => b[1] - a[1]).map(([text, n]) => `| ${text} | ${n} |`);
  return `# Node tests

The ONNX project's node tests (PyPI package onnx 1.23.2) run through \`importOnnx\` and the engine on ONNX Runtime's CPU
provider: **${total.pass} pass, ${total.unsupported} are refused as unsupported, ${total.fail} fail.** This file is written by

    pip install onnx==1.23.2 && python3 scripts/make-node-tests.py FOLDER
    npm run node-tests -- --dir FOLDER --report docs/node-tests.md

A test passes if every element is within 1e-3 of the wanted value, relatively, or 1e-7 of the largest (1/64 for bfloat16,
which is held as float32). Integers of 2, 4, 8 and 16 bits are held as int32, uint64 as int64. Inputs that decide shapes
(axes, sizes, numbers of steps) are handed over as literals, because programs have fixed shapes. A selection of the tests
runs in \`npm test\`.

| operator | pass | unsupported | fail |
| --- | ---: | ---: | ---: |
${rows.join("\n")}

## What is unsupported, by number of tests

| reason | tests |
| --- | ---: |
${lacking.join("\n")}
`;
}
