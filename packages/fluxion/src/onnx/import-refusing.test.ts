import { create } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import {
  FunctionProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { CompileError, FluxionError, FormatError, ShapeError, tensor } from "../index.js";
import { fuzzParser } from "../testing/mutate.js";
import { floats, graph, info, ints, model, node } from "../testing/onnx-file.js";
import { importOnnx } from "./import.js";

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

describe("refusing", () => {
  const tiny = (nodes: NodeProto[], initializer: TensorProto[] = []): GraphProto =>
    graph(nodes, [info("x", [2, 3])], [info("y", [2, 3])], initializer);

  it("lists all operators it does not have, at once", () => {
    const bytes = model(
      tiny([
        node("NonMaxSuppression", ["x"], ["a"]),
        node("NonMaxSuppression", ["x"], ["b"]),
        node("Mystery", ["x"], ["y"], {}, "com.example"),
      ]),
    );
    expect(() => importOnnx(bytes)).toThrow(CompileError);
    expect(() => importOnnx(bytes)).toThrow(
      /NonMaxSuppression \("NonMaxSuppression_a", "NonMaxSuppression_b"\), com.example.Mystery \("Mystery_y"\)/,
    );
  });

  it.each([
    ["no graph", model(undefined), /a model with a graph/],
    ["text", new TextEncoder().encode("hello, this is no model"), /offset/],
    ["nothing", new Uint8Array(), /a model with a graph/],
    ["a value used before it is made", model(tiny([node("Neg", ["z"], ["y"])])), /Neg "Neg_y".*got "z"/],
    ["an output that nothing makes", model(tiny([node("Neg", ["x"], ["z"])])), /a value for the output "y"/],
    ["a value made twice", model(tiny([node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])])), /"y" again/],
    [
      "a tensor shorter than its shape",
      model(tiny([node("Add", ["x", "w"], ["y"])], [floats("w", [1, 2], [2, 3])])),
      /tensor "w": want 6 elements for shape \[2, 3\], got 2/,
    ],
    [
      "an enormous tensor",
      model(tiny([node("Add", ["x", "w"], ["y"])], [floats("w", [1], [2 ** 31, 2 ** 31])])),
      /tensor "w"/,
    ],
    [
      "a negative size",
      model(tiny([node("Add", ["x", "w"], ["y"])], [floats("w", [1], [-1])])),
      /tensor "w": want a shape/,
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => importOnnx(bytes, { where: "bad.onnx" })).toThrow(FormatError);
    expect(() => importOnnx(bytes, { where: "bad.onnx" })).toThrow(message);
    expect(() => importOnnx(bytes, { where: "bad.onnx" })).toThrow(/bad\.onnx/);
  });

  it("data in another file", () => {
    const outside = create(TensorProtoSchema, {
      name: "w",
      dataType: 1,
      dims: [3n],
      dataLocation: 1,
      externalData: [create(StringStringEntryProtoSchema, { key: "location", value: "../../etc/passwd" })],
    });
    expect(() => importOnnx(model(tiny([node("Add", ["x", "w"], ["y"])], [outside])))).toThrow(
      /tensor "w": want data inside the file, got a reference to another file/,
    );
  });

  it("an operator set too new or too old", () => {
    expect(() => importOnnx(model(tiny([node("Neg", ["x"], ["y"])]), [], 99))).toThrow(
      /opset 7 to 28, got 99/,
    );
  });

  it("a node that is called wrongly, by name", () => {
    const m = importOnnx(model(tiny([node("Concat", ["x", "x"], ["y"])])));
    expect(() => m.apply({}, x)).toThrow(
      /Concat "Concat_y": Concat: attribute axis: want a number, got none/,
    );
    const mismatch = importOnnx(model(tiny([node("Add", ["x", "w"], ["y"])], [floats("w", [1, 2])])));
    expect(() => mismatch.apply(mismatch.params, x)).toThrow(/Add "Add_y": ops.add/);
  });

  it("functions that call each other without end, and loops in loops", () => {
    const calls = (name: string, callee: string): FunctionProto =>
      create(FunctionProtoSchema, {
        name,
        domain: "mine",
        input: ["a"],
        output: ["b"],
        node: [node(callee, ["a"], ["t"], {}, "mine"), node(callee, ["t"], ["b"], {}, "mine")],
        opsetImport: [create(OperatorSetIdProtoSchema, { version: 17n })],
      });
    const g = tiny([node("F0", ["x"], ["y"], {}, "mine")]);
    const circle = importOnnx(model(g, [calls("F0", "F0")]));
    expect(() => circle.apply({}, x)).toThrow(/nested at most 64 deep/);
    let body = graph(
      [node("Neg", ["v"], ["w"]), node("Identity", ["go"], ["go2"])],
      [info("i", [], 7), info("go", [], 9), info("v", [2, 3])],
      [info("go2", [], 9), info("w", [2, 3])],
    );
    for (let depth = 0; depth < 4; depth++) {
      body = graph(
        [node("Loop", ["n", "", "v"], ["w"], { body }), node("Identity", ["go"], ["go2"])],
        [info("i", [], 7), info("go", [], 9), info("v", [2, 3])],
        [info("go2", [], 9), info("w", [2, 3])],
      );
    }
    const loops = importOnnx(
      model(tiny([node("Loop", ["n", "", "x"], ["y"], { body })], [ints("n", [1000], [])])),
    );
    expect(() => loops.apply({}, x)).toThrow(/at most 200000 nodes/);
  }, 60_000);

  it("shapes that only the values know, and absurd ones", () => {
    const expand = importOnnx(
      model(tiny([node("Cast", ["x"], ["s"], { to: 7 }), node("Expand", ["x", "s"], ["y"])])),
    );
    expect(() => expand.apply({}, x)).toThrow(/Expand "Expand_y".*known while tracing/);
    const long = importOnnx(
      model(
        tiny(
          [node("Range", ["a", "b", "c"], ["y"])],
          [ints("a", [0], []), ints("b", [2 ** 50], []), ints("c", [1], [])],
        ),
      ),
    );
    expect(() => long.apply({}, x)).toThrow(ShapeError);
  });
});

describe("damaged files", () => {
  const net = new Uint8Array(readFileSync(new URL("testdata/torch-net.onnx", import.meta.url)));
  const image = tensor(new Float32Array(192), { shape: [1, 3, 8, 8] });
  const refused = (error: unknown): boolean => error instanceof FluxionError;

  it("2,000 of them are read or refused, and traced or refused", async () => {
    const tally = { traced: 0, refused: 0 };
    const parse = (bytes: Uint8Array): void => {
      try {
        const m = importOnnx(bytes);
        m.apply(m.params, ...m.inputs.map(() => image));
        tally.traced++;
      } catch (error) {
        if (!refused(error)) throw error;
        tally.refused++;
      }
    };
    const { parsed } = await fuzzParser(net, 300, parse);
    expect(parsed).toBe(300);
    // Small graphs break in other places: names, attributes and shapes rather than weights.
    const side = (op: string): GraphProto => graph([node(op, ["x"], ["r"])], [], [info("r", [2, 3])]);
    const small = model(
      graph(
        [
          node("If", ["p"], ["y"], { then_branch: side("Neg"), else_branch: side("Abs") }),
          node("Slice", ["y", "i", "j"], ["z"]),
          node("Tile", ["z", "i"], ["w"]),
        ],
        [info("x", [2, 3]), info("p", [], 9)],
        [info("w", [2, 3])],
        [ints("i", [1, 2]), ints("j", [2, 3])],
      ),
    );
    await fuzzParser(small, 1700, parse);
    expect(tally.traced + tally.refused).toBe(2000);
    expect(tally.refused).toBeGreaterThan(500);
  }, 60_000);
});
