import type { LinearConstraints } from "./constraints.js";
import { GrowingCholesky } from "./growing-cholesky.js";

/** Below this share of its squared length, what a row adds to the active ones is rounding. */
const dependent = 1e-11;

/**
 * Independent rows that hold with equality, and their multipliers: all that is known of the current x. Kept from target to
 * target, its factor need not be made again. @internal
 */
export class ActiveSet {
  readonly rows: number[] = [];
  multipliers: Float64Array = new Float64Array(0);
  readonly #factor = new GrowingCholesky();
  #offsets: Float64Array = new Float64Array(0);

  constructor(
    readonly constraints: LinearConstraints,
    readonly bounds: Float64Array,
    readonly equalities: number,
    start: readonly number[] = [],
  ) {
    for (let i = 0; i < equalities; i++) this.#enter(i);
    for (const i of start) if (!this.rows.includes(i)) this.#enter(i);
  }

  /**
   * Makes the rows and multipliers those of a nearest point of another target: rows leave until no inequality has a
   * negative multiplier.
   * @param offsets A c, [m]
   */
  aim(offsets: Float64Array): void {
    this.#offsets = offsets;
    for (;;) {
      this.#settle();
      const negative = Array.from(this.multipliers.keys()).filter(
        (k) => this.#mayLeave(k) && this.multipliers[k]! < 0,
      );
      if (negative.length === 0) return;
      for (const k of negative.reverse()) this.#leave(k);
    }
  }

  /**
   * Raises the multiplier of a violated row until it holds, and lets rows go whose multipliers would turn negative.
   * @returns whether it can be fulfilled
   */
  admit(row: number, violation: number): boolean {
    let short = violation;
    for (;;) {
      const { lowered, rest, own: length } = this.#beside(row);
      const change = this.#factor.upper(lowered);
      let [block, blocked] = [-1, Infinity];
      this.multipliers.forEach((u, k) => {
        if (!this.#mayLeave(k) || !(change[k]! > 0)) return;
        if (u / change[k]! < blocked) [block, blocked] = [k, u / change[k]!];
      });
      const full = rest > dependent * length ? short / rest : Infinity;
      const step = Math.min(full, blocked);
      if (step === Infinity) return false;
      this.multipliers = this.multipliers.map((u, k) => u - step * change[k]!);
      if (full <= blocked) {
        this.#factor.append(lowered, rest);
        this.rows.push(row);
        this.#settle();
        // Rounding alone may leave −1e-17.
        this.multipliers = this.multipliers.map((u, k) => (this.#mayLeave(k) ? Math.max(0, u) : u));
        return true;
      }
      if (full < Infinity) short -= step * rest;
      this.#leave(block);
    }
  }

  /** Adds a row unless the others span it. */
  #enter(row: number): void {
    const { lowered, rest, own } = this.#beside(row);
    if (!(rest > dependent * own)) return;
    this.#factor.append(lowered, rest);
    this.rows.push(row);
  }

  #mayLeave(k: number): boolean {
    return this.rows[k]! >= this.equalities;
  }

  #leave(k: number): void {
    this.#factor.remove(k);
    this.rows.splice(k, 1);
    this.multipliers = this.multipliers.filter((_, i) => i !== k);
  }

  /** The multipliers with which the active rows hold exactly. */
  #settle(): void {
    this.multipliers = this.#factor.solve(this.rows.map((i) => this.bounds[i]! - this.#offsets[i]!));
  }

  /** What a row has beside the active ones: the squared length left of it, and of it all. */
  #beside(row: number): { lowered: Float64Array; rest: number; own: number } {
    const lowered = this.#factor.lower(this.rows.map((i) => this.constraints.dot(row, i)));
    const own = this.constraints.dot(row, row);
    return { lowered, rest: lowered.reduce((left, v) => left - v * v, own), own };
  }
}
