import { flatIndex, forEachIndex, type Context, type Rules, type Value } from "./value.js";

/** How a window moves, as attributes say it. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
}
export const windowOf = ({ attrs }: Context): Window => attrs as unknown as Window;

/** Where entry `k` of the window at position `p` lies along each spatial axis. */
export const place = (g: Window, p: readonly number[], k: readonly number[]): number[] =>
  p.map((v, i) => v * g.strides[i]! + k[i]! * g.dilations[i]! - g.before[i]!);
export const inside = (at: readonly number[], size: readonly number[]): boolean =>
  at.every((v, i) => v >= 0 && v < size[i]!);

/** Calls `f` with the flat positions of x, w and y of every product x·w that goes into y. */
function forEachProduct(
  g: Window & { groups?: number },
  shapes: { x: readonly number[]; w: readonly number[]; y: readonly number[] },
  f: (x: number, w: number, y: number) => void,
): void {
  const { x, w, y } = shapes;
  const perGroup = w[0]! / (g.groups ?? 1);
  forEachIndex(y, (index, flat) => {
    const [b, o, ...p] = index as [number, number, ...number[]];
    forEachIndex(w.slice(1), ([c, ...k]) => {
      const at = place(g, p, k);
      if (!inside(at, x.slice(2))) return;
      const channel = Math.floor(o / perGroup) * w[1]! + c!;
      f(flatIndex([b, channel, ...at], x), flatIndex([o, c!, ...k], w), flat);
    });
  });
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Calls `f` with the flat positions in x and in its columns of every window entry. */
function forEachColumn(
  context: Context,
  x: readonly number[],
  columns: readonly number[],
  f: (x: number, u: number) => void,
): void {
  const g = windowOf(context);
  const kernel = context.attrs.kernel as readonly number[];
  const counts = kernel.map((k, i) => {
    const after = (context.attrs.after as readonly number[])[i]!;
    const free = x[i + 2]! + g.before[i]! + after - g.dilations[i]! * (k - 1) - 1;
    return Math.floor(free / g.strides[i]!) + 1;
  });
  forEachIndex([...x.slice(0, 2), ...kernel, ...counts], (index, _) => {
    const [b, c] = index as [number, number];
    const k = index.slice(2, 2 + kernel.length);
    const p = index.slice(2 + kernel.length);
    const at = place(g, p, k);
    const row = c * sizeOf(kernel) + flatIndex(k, kernel);
    if (inside(at, x.slice(2)))
      f(flatIndex([b, c, ...at], x), flatIndex([b, row, flatIndex(p, counts)], columns));
  });
}

/** Convolution and its relatives, straight from the definition. */
export const windows: Rules = {
  Conv: ([x, w, bias], context) => {
    const y = context.shapeOf(0);
    const out = new Float64Array(sizeOf(y));
    if (bias) forEachIndex(y, (index, flat) => (out[flat] = bias.data[index[1]!]!));
    forEachProduct(windowOf(context), { x: x!.shape, w: w!.shape, y }, (i, k, o) => {
      out[o]! += x!.data[i]! * w!.data[k]!;
    });
    return [out];
  },
  ConvTranspose: ([y, w], context) => {
    const x = context.shapeOf(0);
    const out = new Float64Array(sizeOf(x));
    forEachProduct(windowOf(context), { x, w: w!.shape, y: y!.shape }, (i, k, o) => {
      out[i]! += y!.data[o]! * w!.data[k]!;
    });
    return [out];
  },
  ConvWeight: ([x, y], context) => {
    const w = context.shapeOf(0);
    const out = new Float64Array(sizeOf(w));
    forEachProduct(windowOf(context), { x: x!.shape, w, y: y!.shape }, (i, k, o) => {
      out[k]! += x!.data[i]! * y!.data[o]!;
    });
    return [out];
  },
  Unfold: ([x], context) => {
    const columns = context.shapeOf(0);
    const out = new Float64Array(sizeOf(columns));
    forEachColumn(context, x!.shape, columns, (i, u) => (out[u] = x!.data[i]!));
    return [out];
  },
  Col2Im: ([u]: readonly Value[], context) => {
    const x = context.shapeOf(0);
    const out = new Float64Array(sizeOf(x));
    forEachColumn(context, x, u!.shape, (i, k) => (out[i]! += u!.data[k]!));
    return [out];
  },
};
