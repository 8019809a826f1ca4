import fc from "fast-check";
import { expect, it } from "vitest";
import { extent, mostPoints, packDrawing, sizeOf, spread, thinned, unpackDrawing } from "./drawing.js";
import { shapes } from "./shapes.js";

const none = (n: number): Float32Array => new Float32Array(2 * n);

it("comes back from its text to within half a level", () => {
  for (const drawing of Object.values(shapes)) {
    const text = packDrawing(drawing);
    expect(text).toMatch(/^[\w-]+$/);
    expect(text.length).toBeLessThan(4096);
    const back = unpackDrawing(text)!;
    expect(back.map((r) => [r.joined, r.points.length])).toEqual(
      drawing.map((r) => [r.joined, r.points.length]),
    );
    back.forEach((run, r) =>
      run.points.forEach((v, i) => {
        expect(Math.abs(v - drawing[r]!.points[i]!)).toBeLessThanOrEqual(extent / 255 + 1e-9);
      }),
    );
    // What has been packed once stays as it is.
    expect(packDrawing(back)).toBe(text);
  }
});

it("keeps long drawings short, loose points and strokes apart", () => {
  const long = Array.from({ length: 5000 }, (_, i) => [Math.sin(i), Math.cos(i)]).flat();
  const drawing = [
    { joined: false, points: long },
    { joined: true, points: [0, 0, 1, 1] },
  ];
  expect(sizeOf(thinned(drawing))).toBeLessThanOrEqual(mostPoints + 1);
  const back = unpackDrawing(packDrawing(drawing))!;
  expect(back.map((r) => r.joined)).toEqual([false, true]);
});

it("takes any text without harm", () => {
  for (const text of ["", "A", "!!!!", "AAAA", "____", packDrawing(shapes.heart).slice(0, -3)]) {
    expect(unpackDrawing(text)).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.base64String({ maxLength: 400 }), (text) => {
      const drawing = unpackDrawing(text.replaceAll(/[+/=]/g, "-"));
      for (const v of drawing?.flatMap((r) => r.points) ?? []) {
        expect(Math.abs(v)).toBeLessThanOrEqual(extent);
      }
    }),
  );
});

it("spreads points evenly in time: a slow part of a stroke gets more", () => {
  // Three pieces: two short, that is slow, and a long one.
  const slow = [{ joined: true, points: [0, 0, 0.1, 0, 0.2, 0, 2, 0] }];
  const points = spread(slow, 300, none(300));
  const x = Array.from({ length: 300 }, (_, i) => points[2 * i]!);
  expect(x.filter((v) => v < 0.2).length).toBe(200);
  expect(Math.max(...x)).toBeLessThanOrEqual(2);
  expect(x.filter((v) => v > 1 && v < 1.5).length).toBeGreaterThan(20);
  // Loose points are not joined.
  const loose = spread([{ joined: false, points: [-1, 1, 1, -1] }], 10, none(10));
  expect([...new Set(loose)].sort()).toEqual([-1, 1]);
});
