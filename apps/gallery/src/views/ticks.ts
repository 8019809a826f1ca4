// Which values stand at an axis, where it begins and ends, and how numbers are written there.

/** Multiples of 1, 2 or 5 times a power of ten within [a, b], ascending, `count` of them or fewer but at least one step. */
export function niceTicks(a: number, b: number, count = 5): number[] {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  const step = niceStep((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  if (!(step > 0) || !Number.isFinite(first + last)) return [];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten within [low, high], thinned to `count`; with fewer than two of them 1, 2 and 5 times a power. */
export function logTicks(low: number, high: number, count = 6): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (last - first >= 1) {
    const every = Math.ceil((last - first + 1) / count);
    const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    return powers.filter((p) => p % every === 0).map(ten);
  }
  const near = [first - 1, first, first + 1].flatMap((p) => [1, 2, 5].map((m) => m * ten(p)));
  const ticks = near.filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
  return ticks.length >= 2 ? ticks : niceTicks(low, high, count);
}

/** What is known of an axis before there are data. */
export interface AxisEnds {
  readonly logarithmic?: boolean;
  readonly min?: number;
  readonly max?: number;
}

/** An axis around values from `low` to `high`, ending on round numbers so that it seldom moves while they grow. */
export function axisRange(low: number, high: number, ends: AxisEnds = {}): [number, number] {
  const given = [low, high, ends.min, ends.max].filter(
    (v): v is number => v !== undefined && Number.isFinite(v) && (!ends.logarithmic || v > 0),
  );
  if (given.length === 0) return ends.logarithmic ? [0.1, 1] : [0, 1];
  const [a, b] = [Math.min(...given), Math.max(...given)];
  if (ends.logarithmic) {
    if (b / a >= 30) return [ten(roundTo(Math.floor, Math.log10(a))), ten(roundTo(Math.ceil, Math.log10(b)))];
    const [from, to] = [a / 1.02, b * 1.02];
    const step = niceStep((to - from) / 5);
    const bottom = Math.floor(from / step) * step;
    return [bottom > 0 ? bottom : from, Math.ceil(to / step) * step];
  }
  const pad = a === b ? Math.abs(a) * 0.1 || 1 : 0;
  const step = niceStep((b - a + 2 * pad) / 5);
  // An end that was asked for is not moved, or no farther than it must be.
  const slack = 0.05 * (b - a);
  const bottom =
    ends.min !== undefined && a >= ends.min - slack ? a : roundTo(Math.floor, (a - pad) / step) * step;
  const top =
    ends.max !== undefined && b <= ends.max + slack ? b : roundTo(Math.ceil, (b + pad) / step) * step;
  return [Number(bottom.toPrecision(12)), Number(top.toPrecision(12))];
}

/** A number at an axis, in the way numbers are printed: beside a power of ten if it is very small or large. */
export function tickLabel(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e6) return minus(Math.round(value).toLocaleString("en"));
  if (size < 1e4 && size >= 1e-3 * (1 - 1e-9)) return minus(String(Number(value.toPrecision(4))));
  const [digits, power] = Number(value.toPrecision(3)).toExponential().split("e") as [string, string];
  const whole = `10${superscript(Number(power))}`;
  return minus(digits === "1" ? whole : digits === "-1" ? `-${whole}` : `${digits}·${whole}`);
}

/** Labels of a logarithmic axis: powers of ten throughout where it spans some. */
export const logLabel = (value: number, among: readonly number[]): string =>
  among.length > 1 && among.every(isPower) && (Math.min(...among) < 0.01 || Math.max(...among) > 1000)
    ? `10${superscript(Math.round(Math.log10(value)))}`
    : tickLabel(value);

/** 10 ** power to the last digit. */
const ten = (power: number): number => Number(`1e${power}`);

const isPower = (v: number): boolean => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;

const roundTo = (how: (v: number) => number, v: number): number =>
  Math.abs(v - Math.round(v)) < 1e-9 ? Math.round(v) : how(v);

function niceStep(rough: number): number {
  const power = ten(Math.floor(Math.log10(rough)));
  const share = rough / power;
  return power * (share < 1.0001 ? 1 : share < 2.0001 ? 2 : share < 5.0001 ? 5 : 10);
}

const minus = (text: string): string => text.replace("-", "−");

const superscript = (power: number): string =>
  String(power).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]!));
