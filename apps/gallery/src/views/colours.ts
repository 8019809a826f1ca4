// Colours of values: the same on flat maps, in space and on the scale beside them.

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** The theme's colour of the i-th series. */
export const colourOf = (i: number): string => `--series-${(i % 6) + 1}`;

/** Dark blue over green to yellow: rises in lightness, readable without colour. */
const rising: readonly Rgb[] = [
  [38, 28, 84],
  [44, 90, 140],
  [52, 148, 138],
  [130, 198, 96],
  [250, 228, 88],
];
const [negative, positive]: readonly [Rgb, Rgb] = [
  [36, 99, 176],
  [196, 72, 24],
];

/** Colour stops from the first to the last. @param nothing colour of 0 if the values have signs */
export const stopsOf = (signed: boolean, nothing: Rgb): readonly Rgb[] =>
  signed ? [negative, nothing, positive] : rising;

/** The colour at `t`, which is brought into [0, 1]; that of NaN is the first. */
export function mix(stops: readonly Rgb[], t: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, t || 0)) * (stops.length - 1);
  const i = Math.min(Math.floor(place), stops.length - 2);
  const part = (k: 0 | 1 | 2): number => stops[i]![k] + (place - i) * (stops[i + 1]![k] - stops[i]![k]);
  return [part(0), part(1), part(2)];
}

/** Red, green and blue of "#rrggbb", or of "#rgb" as which a bundler may write it. */
export const rgbOf = (hex: string): Rgb => {
  const n = parseInt(hex.length === 4 ? hex.slice(1).replace(/./g, "$&$&") : hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
};

/** For CSS. */
export const cssOf = ([r, g, b]: Rgb): string => `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;

/** The values of the first and last colour: those asked for, or the finite extremes, alike both ways if signed. */
export function rangeOf(
  values: Iterable<Float32Array>,
  { range, signed = false }: { range?: readonly [number, number]; signed?: boolean },
): [number, number] {
  if (range) return [...range];
  let [low, high] = [Infinity, -Infinity];
  for (const part of values) {
    for (const v of part) {
      if (!Number.isFinite(v)) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  if (low > high) return [0, 1];
  if (!signed) return [low, high];
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return [-reach, reach];
}

/** Where a value lies in a range, 0 to 1. */
export const shareOf = (value: number, [low, high]: readonly [number, number]): number =>
  high > low ? (value - low) / (high - low) : 0.5;
