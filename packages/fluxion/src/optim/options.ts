import { OptionError } from "../core/errors.js";

/**
 * Throws unless `value` is a number in a range.
 * @param range as mathematics writes it: `[0, 1)`, `(0, ∞)`; infinite bounds are open
 * @throws OptionError
 * @internal
 */
export function checkRange(where: string, name: string, value: unknown, range: string): void {
  const [low, high] = range.slice(1, -1).split(",");
  const bound = (text: string): number => Number(text.replace("∞", "Infinity"));
  const [from, to] = [bound(low!), bound(high!)];
  const ok =
    typeof value === "number" &&
    (range.startsWith("[") ? value >= from : value > from) &&
    (range.endsWith("]") ? value <= to : value < to);
  if (!ok) throw new OptionError({ where, want: `${name} a number in ${range}`, got: String(value) });
}

/** Throws unless `value` is a whole number of at least `least`. @throws OptionError @internal */
export function checkWhole(where: string, name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new OptionError({ where, want: `${name} a whole number of at least ${least}`, got: String(value) });
}
