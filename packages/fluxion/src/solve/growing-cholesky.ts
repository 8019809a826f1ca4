/**
 * The Cholesky factor L of a Gram matrix that gains and loses rows one at a time, O(k²) each: what active-set methods
 * solve with. @internal
 */
export class GrowingCholesky {
  /** Rows of L; row i has i + 1 elements. */
  readonly #rows: Float64Array[] = [];

  /** Order of the matrix, k. */
  get size(): number {
    return this.#rows.length;
  }

  /** L⁻¹ b: [k]. */
  lower(b: ArrayLike<number>): Float64Array {
    const x = new Float64Array(this.size);
    this.#rows.forEach((row, i) => {
      let sum = b[i]!;
      for (let j = 0; j < i; j++) sum -= row[j]! * x[j]!;
      x[i] = sum / row[i]!;
    });
    return x;
  }

  /** L⁻ᵀ b: [k]. */
  upper(b: ArrayLike<number>): Float64Array {
    const x = Float64Array.from(b);
    for (let i = this.size - 1; i >= 0; i--) {
      const row = this.#rows[i]!;
      x[i]! /= row[i]!;
      for (let j = 0; j < i; j++) x[j]! -= row[j]! * x[i]!;
    }
    return x;
  }

  /** (L Lᵀ)⁻¹ b: [k]. */
  solve(b: ArrayLike<number>): Float64Array {
    return this.upper(this.lower(b));
  }

  /**
   * Adds a last row and column to the matrix.
   * @param lowered L⁻¹ of the new column's upper part [k]
   * @param rest square of what is left of the new row beside the others, > 0
   */
  append(lowered: Float64Array, rest: number): void {
    const row = new Float64Array(this.size + 1);
    row.set(lowered);
    row[this.size] = Math.sqrt(rest);
    this.#rows.push(row);
  }

  /** Takes row and column `k` out of the matrix; rotations make the factor triangular again. */
  remove(k: number): void {
    this.#rows.splice(k, 1);
    for (let i = k; i < this.size; i++) {
      const row = this.#rows[i]!;
      const [a, b] = [row[i]!, row[i + 1]!];
      const length = Math.hypot(a, b);
      const [c, s] = [a / length, b / length];
      for (let below = i; below < this.size; below++) {
        const other = this.#rows[below]!;
        const [x, y] = [other[i]!, other[i + 1]!];
        other[i] = c * x + s * y;
        other[i + 1] = c * y - s * x;
      }
      this.#rows[i] = row.slice(0, i + 1);
    }
  }
}
