import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { runNodeTest } from "../testing/onnx-node-test.js";

/** Written by scripts/node-tests.mts --pack: the smallest tests of every operator, files in base64. */
interface PackedTest {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const packed = JSON.parse(
  gunzipSync(readFileSync(new URL("testdata/node-tests.json.gz", import.meta.url))).toString(),
) as PackedTest[];
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

describe("the ONNX project's node tests, a selection", () => {
  it.each(packed.map((test) => [test.name, test] as const))("%s", async (_, test) => {
    const { inputs, outputs } = test;
    const files = { model: bytes(test.model), inputs: inputs.map(bytes), outputs: outputs.map(bytes) };
    expect(await runNodeTest(files)).toEqual({ status: "pass" });
  });
});
