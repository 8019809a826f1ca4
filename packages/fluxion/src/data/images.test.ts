import { describe, expect, it } from "vitest";
import { OptionError, ShapeError } from "../core/errors.js";
import { imageGrid } from "./image-grid.js";
import { averagePool, fromSigned, fromUnit, toSigned, toUnit } from "./images.js";

// Two images of 1 x 2 pixels with three channels.
const images = { data: Uint8Array.of(0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6), shape: [2, 1, 2, 3] };

describe("pixels and planes", () => {
  it("toUnit parts the channels and scales to [0, 1]", () => {
    const planes = toUnit(images);
    expect(planes.shape).toEqual([2, 3, 1, 2]);
    expect([...planes.data.slice(0, 6)]).toEqual([0, 0.6, 0.2, 0.8, 0.4, 1].map(Math.fround));
  });

  it("toSigned scales to [-1, 1]", () => {
    const { data } = toSigned(images);
    expect([data[0], data[5]]).toEqual([-1, 1]);
    expect(data[1]).toBeCloseTo(0.2, 6);
  });

  it("come back exactly for all 256 values", () => {
    const all = { data: Uint8Array.from({ length: 256 * 3 }, (_, i) => i), shape: [2, 8, 16, 3] };
    expect(fromUnit(toUnit(all))).toEqual(all);
    expect(fromSigned(toSigned(all))).toEqual(all);
  });

  it("clamp what is out of range and draw NaN as 0", () => {
    const planes = { data: Float32Array.of(-9, 9, NaN, 0), shape: [1, 1, 2, 2] };
    expect([...fromSigned(planes).data]).toEqual([0, 255, 0, 128]);
    expect([...fromUnit(planes).data]).toEqual([0, 255, 0, 0]);
  });

  it("refuse other shapes", () => {
    const flat = { data: new Uint8Array(4), shape: [2, 2] };
    expect(() => toUnit(flat)).toThrow("data.toUnit: want [N, H, W, C], got [2, 2]");
    expect(() => fromSigned(flat)).toThrow("data.fromSigned: want [N, C, H, W], got [2, 2]");
    expect(() => toSigned({ data: new Uint8Array(4), shape: [1, 1, 1, 1] })).toThrow(ShapeError);
  });
});

describe("imageGrid", () => {
  const three = { data: Uint8Array.of(1, 2, 3), shape: [3, 1, 1, 1] };

  it("fills rows from the left and leaves empty places in the background", () => {
    const grid = imageGrid(three, { gap: 1, background: 9 });
    expect(grid).toEqual({ data: Uint8Array.of(1, 9, 2, 9, 9, 9, 3, 9, 9), shape: [3, 3, 1] });
  });

  it("takes columns and no gap, and keeps channels together", () => {
    expect(imageGrid(three, { columns: 3, gap: 0 })).toEqual({
      data: Uint8Array.of(1, 2, 3),
      shape: [1, 3, 1],
    });
    const grid = imageGrid(images, { columns: 1, gap: 0 });
    expect(grid).toEqual({ data: images.data, shape: [2, 2, 3] });
  });

  it("refuses nothing to draw and bad options", () => {
    expect(() => imageGrid({ data: new Uint8Array(), shape: [0, 1, 1, 1] })).toThrow(ShapeError);
    expect(() => imageGrid(three, { columns: 0 })).toThrow(OptionError);
    expect(() => imageGrid(three, { background: 256 })).toThrow(OptionError);
    expect(() => imageGrid(three, { cols: 1 } as object)).toThrow(OptionError);
  });
});

describe("averagePool", () => {
  it("means squares, image by image and channel by channel", () => {
    const planes = { data: Float32Array.from({ length: 32 }, (_, i) => i), shape: [2, 1, 4, 4] };
    const { data, shape } = averagePool(planes, 2);
    expect(shape).toEqual([2, 1, 2, 2]);
    expect([...data]).toEqual([2.5, 4.5, 10.5, 12.5, 18.5, 20.5, 26.5, 28.5]);
    expect([...averagePool(planes, 4).data]).toEqual([7.5, 23.5]);
    expect(averagePool(planes, 1).data).toEqual(planes.data);
  });

  it("refuses sides that do not divide", () => {
    const planes = { data: new Float32Array(16), shape: [1, 1, 4, 4] };
    for (const side of [0, 3, 1.5]) expect(() => averagePool(planes, side)).toThrow(ShapeError);
    expect(() => averagePool({ data: new Float32Array(4), shape: [2, 2] }, 1)).toThrow(ShapeError);
  });
});
