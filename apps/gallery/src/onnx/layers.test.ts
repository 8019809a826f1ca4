import { readFileSync } from "node:fs";
import { treePaths } from "fluxion";
import { importOnnx, summary } from "fluxion/onnx";
import { expect, it } from "vitest";
import { byOperator, lastLayers, layersOf } from "./layers.js";

const features = new URL("../../../../packages/fluxion/assets/features/fashion-mnist.onnx", import.meta.url);
const bytes = new Uint8Array(readFileSync(features));
const { costs, flops } = summary(bytes);
const params = treePaths(importOnnx(bytes).params).map(({ path, leaf }) => ({ path, shape: leaf.shape }));

it("finds the four layers of the garment classifier, with all of its work and parameters", () => {
  const layers = layersOf(costs!, params);
  expect(layers.map((layer) => layer.name)).toEqual(["a", "b", "hidden", "output"]);
  expect(layers.map((layer) => layer.params.map((p) => p.path).sort())).toEqual([
    ["a.bias", "a.weight"],
    ["b.bias", "b.weight"],
    ["hidden.bias", "hidden.weight"],
    ["output.bias", "output.weight"],
  ]);
  expect(layers.reduce((sum, layer) => sum + layer.flops, 0)).toBe(flops);
  expect(layers[1]!.operators).toContain("Conv");
  expect(lastLayers(layers, 1).sort()).toEqual(["output.bias", "output.weight"]);
  expect(lastLayers(layers, "all").length).toBe(params.length);
});

it("makes layers of names where there are no costs", () => {
  expect(layersOf([], params).map((layer) => layer.name)).toEqual(["a", "b", "hidden", "output"]);
});

it("adds up the work of every operator", () => {
  const list = byOperator(costs!);
  expect(list[0]!.operator).toBe("Conv");
  expect(list.reduce((sum, o) => sum + o.flops, 0)).toBe(flops);
  expect(list.reduce((sum, o) => sum + o.count, 0)).toBe(costs!.length);
});
