import { expect, it } from "vitest";
import { arrangement, imageInput, openFields } from "./inputs.js";
import { toInput } from "./pixels.js";

const entry = (name: string, shape: (number | string)[] | undefined, type = "float32") => ({
  name,
  type,
  shape,
});

it("knows images by their channels, first or last", () => {
  const of = (...shape: (number | string)[]) => imageInput([entry("x", shape)]);
  expect(of("N", 1, 28, 28)).toMatchObject({ layout: "nchw", channels: 1, batch: undefined, height: 28 });
  expect(of(1, 3, "h", "w")).toMatchObject({ layout: "nchw", channels: 3, batch: 1, height: undefined });
  expect(of("N", 224, 200, 3)).toMatchObject({ layout: "nhwc", channels: 3, height: 224, width: 200 });
  expect(of("?", "?", "?", "?")).toMatchObject({ layout: "nchw", channels: 3 });
  expect(of("N", 12, 28, 28)).toBeUndefined();
  expect(of("N", 28)).toBeUndefined();
  expect(imageInput([entry("x", undefined)])).toBeUndefined();
  expect(imageInput([entry("a", [1, 1, 8, 8]), entry("b", [1, 1, 8, 8])])).toBeUndefined();
  expect(imageInput([entry("x", [1, 3, 8, 8], "float16")])).toBeUndefined();
  // Numbers beside the images do not matter.
  expect(imageInput([entry("x", [1, 3, 8, 8]), entry("k", [], "int64")])).toBeDefined();
});

it("asks for sizes and values that the file leaves open, and arranges the inputs by them", () => {
  const inputs = [entry("x", ["N", 3, "?", "W"]), entry("sr", [], "int64")];
  expect(openFields(inputs).map((f) => [f.key, f.label, f.initial])).toEqual([
    ["x.2", "Height of the images", 64],
    ["x.3", "Width of the images", 64],
    ["sr", "Value of sr (int64)", 0],
  ]);
  expect(arrangement(inputs, { "x.3": 96, sr: 16000 })).toEqual({
    shapes: { x: [1, 3, 64, 96], sr: [] },
    values: { sr: 16000 },
  });
  const ids = [entry("ids", ["batch", "length"], "int64")];
  expect(openFields(ids).map((f) => f.label)).toEqual(["ids, axis 2 (length)", "Value of ids (int64)"]);
  expect(arrangement(ids, {})).toEqual({ shapes: { ids: [1, 32] }, values: { ids: 0 } });
});

it("turns pixels into a model's input, rows, channels and range as it wants them", () => {
  // Two images of 1 × 2 pixels with three channels.
  const pixels = Uint8Array.from([0, 51, 102, 255, 204, 153, 1, 2, 3, 4, 5, 6]);
  const first = (range: "unit" | "signed" | "imagenet", layout: "nchw" | "nhwc"): number[] =>
    Array.from(toInput(pixels, [2, 1, 2, 3], [0], { range, layout }), (v) => Math.round(v * 1000) / 1000);
  expect(first("unit", "nhwc")).toEqual([0, 0.2, 0.4, 1, 0.8, 0.6]);
  expect(first("unit", "nchw")).toEqual([0, 1, 0.2, 0.8, 0.4, 0.6]);
  expect(first("signed", "nhwc")).toEqual([-1, -0.6, -0.2, 1, 0.6, 0.2]);
  expect(first("imagenet", "nhwc")[0]).toBeCloseTo(-0.485 / 0.229, 3);
  expect(toInput(pixels, [2, 1, 2, 3], [1, 0], { range: "unit", layout: "nhwc" })[0]).toBeCloseTo(1 / 255);
});
