import { build, flatIndex, forEachIndex, type Context, type Rules, type Value } from "./value.js";
import { inside, place, sizeOf, windowOf } from "./window.js";

/** Calls `f` with the flat positions of x and y for every entry of every window that lies inside x. */
function forEachEntry(
  context: Context,
  x: readonly number[],
  y: readonly number[],
  f: (x: number, y: number) => void,
): void {
  const kernel = context.attrs.kernel as readonly number[];
  forEachIndex(y, (index, flat) => {
    const [b, c, ...p] = index as [number, number, ...number[]];
    forEachIndex(kernel, (k) => {
      const at = place(windowOf(context), p, k);
      if (inside(at, x.slice(2))) f(flatIndex([b, c, ...at], x), flat);
    });
  });
}

const kernelSize = ({ attrs }: Context): number => sizeOf(attrs.kernel as readonly number[]);

/** Pixel (row, column) mirrored or held where the padding says so; undefined where it is zero. */
function pixel(v: number, n: number, padding: string): number | undefined {
  if (v >= 0 && v < n) return v;
  return padding === "zeros" ? undefined : Math.min(Math.max(v, 0), n - 1);
}

function position(at: number, n: number, padding: string, corners: boolean): number {
  const p = corners ? ((at + 1) / 2) * (n - 1) : ((at + 1) * n - 1) / 2;
  if (padding === "border") return Math.min(Math.max(p, 0), n - 1);
  if (padding !== "reflection") return p;
  const [low, span] = corners ? [0, n - 1] : [-0.5, n];
  if (span === 0) return 0;
  // A triangle wave of period 2·span.
  const phase = (((p - low) % (2 * span)) + 2 * span) % (2 * span);
  return Math.min(Math.max((phase > span ? 2 * span - phase : phase) + low, 0), n - 1);
}

const halfEven = (v: number): number => {
  const r = Math.round(v);
  return Math.abs(v % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

function sample(x: Value, [b, c]: readonly number[], row: number, column: number, padding: string): number {
  const [i, j] = [pixel(row, x.shape[2]!, padding), pixel(column, x.shape[3]!, padding)];
  return i === undefined || j === undefined ? 0 : x.data[flatIndex([b!, c!, i, j], x.shape)]!;
}

/** Pooling, upsampling and sampling, straight from the definition. */
export const images: Rules = {
  MaxPool: ([x], context) => {
    const y = context.shapeOf(0);
    const out = new Float64Array(sizeOf(y)).fill(-Infinity);
    const found = new Float64Array(out.length);
    forEachEntry(context, x!.shape, y, (i, k) => {
      if (x!.data[i]! <= out[k]!) return;
      out[k] = x!.data[i]!;
      found[k] = i;
    });
    return [out, found];
  },
  MaxUnpool: ([values, index], { shapeOf }) => {
    const out = new Float64Array(sizeOf(shapeOf(0)));
    values!.data.forEach((v, i) => (out[index!.data[i]!]! += v));
    return [out];
  },
  AveragePool: ([x], context) => {
    const out = new Float64Array(sizeOf(context.shapeOf(0)));
    forEachEntry(context, x!.shape, context.shapeOf(0), (i, k) => {
      out[k]! += x!.data[i]! / kernelSize(context);
    });
    return [out];
  },
  AveragePoolAdjoint: ([y], context) => {
    const out = new Float64Array(sizeOf(context.shapeOf(0)));
    forEachEntry(context, context.shapeOf(0), y!.shape, (i, k) => {
      out[i]! += y!.data[k]! / kernelSize(context);
    });
    return [out];
  },
  Upsample: ([x], { attrs, shapeOf }) => [
    build(shapeOf(0), ([b, c, ...p]) => {
      const at = p.map((v, i) => Math.floor(v / (attrs.factors as number[])[i]!));
      return x!.data[flatIndex([b!, c!, ...at], x!.shape)]!;
    }),
  ],
  GridSample: ([x, grid], { attrs, shapeOf }) => {
    const [padding, corners] = [attrs.padding as string, attrs.alignCorners as boolean];
    return [
      build(shapeOf(0), (index) => {
        const [b, , i, j] = index as [number, number, number, number];
        const at = (k: number): number => grid!.data[flatIndex([b, i, j, k], grid!.shape)]!;
        const row = position(at(1), x!.shape[2]!, padding, corners);
        const column = position(at(0), x!.shape[3]!, padding, corners);
        if (attrs.mode === "nearest") return sample(x!, index, halfEven(row), halfEven(column), padding);
        let sum = 0;
        for (const r of [Math.floor(row), Math.floor(row) + 1])
          for (const q of [Math.floor(column), Math.floor(column) + 1])
            sum += (1 - Math.abs(row - r)) * (1 - Math.abs(column - q)) * sample(x!, index, r, q, padding);
        return sum;
      }),
    ];
  },
};
