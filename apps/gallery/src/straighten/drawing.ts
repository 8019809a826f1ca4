// What somebody drew, as data: small enough for an address.

/** A stroke, whose points follow each other in equal times, or loose points. */
export interface Run {
  readonly joined: boolean;
  /** x, y, x, y …, within ±`extent`. */
  readonly points: readonly number[];
}

/** Strokes and loose points, oldest first. */
export type Drawing = readonly Run[];

/** Half the side of the square that is drawn in. */
export const extent = 2;
/** Points that a drawing may have: 3 KB of an address. */
export const mostPoints = 1200;

/** Number of points. */
export const sizeOf = (drawing: Drawing): number =>
  drawing.reduce((sum, { points }) => sum + points.length / 2, 0);

/** The drawing with at most `mostPoints`: of every run each k-th point is kept, so that densities stay as they are. */
export function thinned(drawing: Drawing): Drawing {
  const stride = Math.ceil(sizeOf(drawing) / mostPoints);
  if (stride <= 1) return drawing;
  return drawing.map(({ joined, points }) => ({
    joined,
    points: points.filter((_, i) => Math.floor(i / 2) % stride === 0),
  }));
}

const toByte = (v: number): number =>
  Math.round(((Math.min(extent, Math.max(-extent, v)) + extent) / (2 * extent)) * 255);
const fromByte = (byte: number): number => (byte / 255) * 2 * extent - extent;

/**
 * The drawing as text for an address: a run is two bytes of length, the highest bit for `joined`, and a byte a coordinate;
 * base64url.
 */
export function packDrawing(drawing: Drawing): string {
  const bytes = thinned(drawing).flatMap(({ joined, points }) => {
    const n = points.length / 2;
    return [n & 255, (n >> 8) | (joined ? 128 : 0), ...points.map(toByte)];
  });
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The drawing that a text stands for, or undefined if it stands for none. */
export function unpackDrawing(text: string): Drawing | undefined {
  if (!/^[\w-]+$/.test(text) || text.length > 4 * mostPoints) return undefined;
  const bytes = decode(text);
  const runs: Run[] = [];
  for (let at = 0; bytes && at < bytes.length;) {
    const [low, high] = [bytes.charCodeAt(at), bytes.charCodeAt(at + 1)];
    const end = at + 2 + 2 * (low + 256 * (high & 127));
    // A length that is cut off is not a number, and no end is NaN.
    if (!(end <= bytes.length) || end === at + 2) return undefined;
    const points = Array.from(bytes.slice(at + 2, end), (c) => fromByte(c.charCodeAt(0)));
    runs.push({ joined: high >= 128, points });
    at = end;
  }
  return runs.length > 0 && sizeOf(runs) <= mostPoints ? runs : undefined;
}

function decode(text: string): string | undefined {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}

/**
 * Points spread over a drawing: along strokes evenly in time, so that slow parts get more; on loose points evenly.
 * @param n number of points
 * @param blur [n, 2] normal numbers, of which each point is moved by a fiftieth, on loose points by a fortieth
 * @returns [n, 2] row-major
 */
export function spread(drawing: Drawing, n: number, blur: ArrayLike<number>): Float32Array {
  // Pieces of equal weight: from one point of a stroke to the next, or a loose point.
  const pieces = drawing.flatMap(({ joined, points }) => {
    const count = points.length / 2;
    if (!joined || count === 1) {
      return Array.from({ length: count }, (_, i) => ({ points, i, next: i, width: 1 / 40 }));
    }
    return Array.from({ length: count - 1 }, (_, i) => ({ points, i, next: i + 1, width: 1 / 50 }));
  });
  const out = new Float32Array(2 * n);
  for (let k = 0; k < n; k++) {
    const place = ((k + 0.5) / n) * pieces.length;
    const { points, i, next, width } = pieces[Math.floor(place)]!;
    const rest = place % 1;
    for (const axis of [0, 1]) {
      const [a, b] = [points[2 * i + axis]!, points[2 * next + axis]!];
      out[2 * k + axis] = a + rest * (b - a) + width * blur[2 * k + axis]!;
    }
  }
  return out;
}
