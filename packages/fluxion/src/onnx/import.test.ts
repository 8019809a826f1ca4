import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttrType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type GraphProto,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { CompileError, constant, DtypeError, grad, ShapeError, tensor, Tensor, TreeError } from "../index.js";
import { floats, graph, info, ints, model, node } from "../testing/onnx-file.js";
import { exportOnnx } from "./export.js";
import { importOnnx } from "./import.js";

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

describe("a function with params", () => {
  const bytes = model(
    graph(
      [
        node("MatMul", ["x", "net.0.w"], ["h"]),
        node("Add", ["h", "net.0.b"], ["z"]),
        node("Clip", ["z", "", "top"], ["y"]),
      ],
      [info("x", ["n", 3])],
      [info("y", ["n", 2])],
      [
        floats("net.0.w", [1, 0, 0, 1, 1, 1], [3, 2]),
        floats("net.0.b", [0.5, -0.5]),
        floats("top", [9.5], []),
      ],
    ),
  );

  it("has weights as a tree, settings as literals", async () => {
    const m = importOnnx(bytes);
    expect(m.params).toMatchObject({
      net: [{ w: expect.any(Tensor) as Tensor, b: expect.any(Tensor) as Tensor }],
    });
    expect(m.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["n", 3] }]);
    const [y] = m.apply(m.params, x);
    expect(await y!.toArray()).toEqual([
      [4.5, 4.5],
      [9.5, 9.5],
    ]);
    const g = grad((p: typeof m.params) => m.apply(p, x)[0]!.sum())(m.params) as { net: { b: Tensor }[] };
    expect(await g.net[0]!.b.toArray()).toEqual([1, 1]);
    const { y: named } = m.call(m.params, { x });
    expect(named!.shape).toEqual([2, 2]);
  });

  it("checks what it is given", () => {
    const m = importOnnx(bytes, { where: "net.onnx" });
    expect(() => m.apply(m.params)).toThrow(ShapeError);
    expect(() => m.apply(m.params, tensor([[1, 2]]))).toThrow(
      /net.onnx: input "x": want \[n, 3\], got \[1, 2\]/,
    );
    expect(() => m.apply(m.params, x.cast("int32"))).toThrow(DtypeError);
    expect(() => m.apply({ net: [{ w: x, b: x }] }, x)).toThrow(/params.net\[0\].b/);
    expect(() => m.apply({}, x)).toThrow(TreeError);
    expect(() => m.call(m.params, { z: x })).toThrow(TreeError);
  });

  it("lets the caller say what a param is", () => {
    expect(importOnnx(bytes, { isParam: (name) => name.endsWith(".b") }).params).toMatchObject({
      net: [{ b: expect.any(Tensor) as Tensor }],
    });
    expect(importOnnx(bytes, { isParam: () => false }).params).toEqual({});
  });

  it("comes back from what exportOnnx wrote", async () => {
    const m = importOnnx(bytes);
    const again = importOnnx(await exportOnnx(m.apply, [x], { params: m.params, dynamicBatch: true }));
    expect(again.inputs[0]!.shape).toEqual(["batch", 3]);
    expect(await again.apply(again.params, x)[0]!.toArray()).toEqual(
      await m.apply(m.params, x)[0]!.toArray(),
    );
  });
});

describe("shapes, branches and loops", () => {
  it("computes shape arithmetic while tracing", async () => {
    // Half of the rows, in rows as long as the root of the number of elements, rounded up.
    const bytes = model(
      graph(
        [
          node("Shape", ["x"], ["s"]),
          node("Gather", ["s", "zero"], ["rows"]),
          node("Div", ["rows", "two"], ["half"]),
          node("Slice", ["x", "zero", "half", "zero"], ["top"]),
          node("Cast", ["s"], ["f"], { to: 1 }),
          node("ReduceProd", ["f"], ["count"], { keepdims: 1 }),
          node("Sqrt", ["count"], ["root"]),
          node("Ceil", ["root"], ["up"]),
          node("Cast", ["up"], ["n"], { to: 7 }),
          node("Concat", ["minus", "n"], ["shape"], { axis: 0 }),
          node("Reshape", ["top", "shape"], ["y"]),
        ],
        [info("x", [2, 3])],
        [info("y", ["?", "?"])],
        [ints("zero", [0]), ints("two", [2]), ints("minus", [-1])],
      ),
    );
    const m = importOnnx(bytes);
    expect(await m.apply(m.params, x)[0]!.toArray()).toEqual([[1, 2, 3]]);
  });

  it("takes a branch that is known, and keeps both of one that is not", async () => {
    const side = (op: string): GraphProto => graph([node(op, ["x"], ["r"])], [], [info("r", [2, 3])]);
    const bytes = model(
      graph(
        [node("If", ["p"], ["y"], { then_branch: side("Neg"), else_branch: side("Abs") })],
        [info("x", [2, 3]), info("p", [], 9)],
        [info("y", [2, 3])],
      ),
    );
    const m = importOnnx(bytes);
    const negative = [
      [-1, -2, -3],
      [-4, -5, -6],
    ];
    expect(await m.apply({}, x, constant(true, "bool"))[0]!.toArray()).toEqual(negative);
    expect(m.apply({}, x, constant(true, "bool"))[0]!.node.op.name).toBe("Neg");
    expect(await m.apply({}, x, tensor(true, { dtype: "bool" }))[0]!.toArray()).toEqual(negative);
    expect(await m.apply({}, x, tensor(false, { dtype: "bool" }))[0]!.toArray()).toEqual(await x.toArray());
  });

  it("unrolls a loop of known length and refuses others by name", async () => {
    const body = graph(
      [
        node("Add", ["v", "x"], ["v2"]),
        node("Identity", ["go"], ["go2"]),
        node("Identity", ["v2"], ["each"]),
      ],
      [info("i", [], 7), info("go", [], 9), info("v", [2, 3])],
      [info("go2", [], 9), info("v2", [2, 3]), info("each", [2, 3])],
    );
    const bytes = model(
      graph(
        [node("Loop", ["n", "", "x"], ["last", "all"], { body })],
        [info("x", [2, 3]), info("n", [], 7)],
        [info("last", [2, 3]), info("all", ["n", 2, 3])],
      ),
    );
    const m = importOnnx(bytes);
    const [last, all] = m.apply({}, x, constant(3, "int64"));
    expect(await last!.slice(0).toArray()).toEqual([4, 8, 12]);
    expect(all!.shape).toEqual([3, 2, 3]);
    expect(() => m.apply({}, x, tensor(3, { dtype: "int64" }))).toThrow(
      /Loop "Loop_last".*known while tracing/,
    );
    expect(() => m.apply({}, x, constant(1e6, "int64"))).toThrow(CompileError);
  });

  it("scans, backwards and along another axis", async () => {
    const body = graph(
      [node("Add", ["v", "row"], ["v2"]), node("Identity", ["v2"], ["each"])],
      [info("v", [2]), info("row", [2])],
      [info("v2", [2]), info("each", [2])],
    );
    const bytes = model(
      graph(
        [
          node("Scan", ["start", "x"], ["last", "all"], {
            body,
            num_scan_inputs: 1,
            scan_input_axes: [1],
            scan_input_directions: [1],
            scan_output_axes: [1],
          }),
        ],
        [info("x", [2, 3])],
        [info("last", [2]), info("all", [2, 3])],
        [floats("start", [0, 10])],
      ),
    );
    const m = importOnnx(bytes);
    const [last, all] = m.apply(m.params, x);
    expect(await last!.toArray()).toEqual([6, 25]);
    expect(await all!.toArray()).toEqual([
      [3, 5, 6],
      [16, 21, 25],
    ]);
  });

  it("calls the functions a file defines, with their attributes", async () => {
    const body = create(FunctionProtoSchema, {
      name: "Twice",
      domain: "mine",
      input: ["a"],
      output: ["b"],
      attribute: ["along"],
      node: [
        create(NodeProtoSchema, {
          opType: "Concat",
          input: ["a", "a"],
          output: ["b"],
          attribute: [
            create(AttributeProtoSchema, { name: "axis", refAttrName: "along", type: AttrType.INT }),
          ],
        }),
      ],
      opsetImport: [create(OperatorSetIdProtoSchema, { version: 17n })],
    });
    const g = graph(
      [node("Twice", ["x"], ["y"], { along: 1 }, "mine")],
      [info("x", [2, 3])],
      [info("y", [2, 6])],
    );
    const m = importOnnx(model(g, [body]));
    expect(await m.apply({}, x)[0]!.slice(0).toArray()).toEqual([1, 2, 3, 1, 2, 3]);
  });
});
