// Cholesky factors of k × k matrices in memory of the caller's: millions of them are made, so nothing is allocated here.

/**
 * Overwrites the lower triangle of `g` [k, k] by its Cholesky factor.
 * @returns whether g is safely positive definite; if not, g holds rubbish
 * @internal
 */
export function factor(g: Float64Array, k: number): boolean {
  for (let j = 0; j < k; j++) {
    const row = j * k;
    const diagonal = g[row + j]!;
    let pivot = diagonal;
    for (let l = 0; l < j; l++) pivot -= g[row + l]! * g[row + l]!;
    if (!(pivot > 1e-13 * diagonal)) return false;
    const root = Math.sqrt(pivot);
    g[row + j] = root;
    for (let i = j + 1; i < k; i++) {
      let sum = g[i * k + j]!;
      for (let l = 0; l < j; l++) sum -= g[i * k + l]! * g[row + l]!;
      g[i * k + j] = sum / root;
    }
  }
  return true;
}

/** x ← (L Lᵀ)⁻¹ x, [k]. @internal */
export function backSubstitute(l: Float64Array, k: number, x: Float64Array): void {
  for (let i = 0; i < k; i++) {
    let sum = x[i]!;
    for (let j = 0; j < i; j++) sum -= l[i * k + j]! * x[j]!;
    x[i] = sum / l[i * k + i]!;
  }
  for (let i = k - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let j = i + 1; j < k; j++) sum -= l[j * k + i]! * x[j]!;
    x[i] = sum / l[i * k + i]!;
  }
}

/** g ← AᵀA + ridge·I, lower triangle, of the first n rows of A [n, k]. @internal */
export function gram(a: Float64Array, n: number, k: number, ridge: number, g: Float64Array): void {
  g.fill(0);
  for (let r = 0, at = 0; r < n; r++, at += k) {
    for (let i = 0; i < k; i++) {
      const v = a[at + i]!;
      const row = i * k;
      for (let j = 0; j <= i; j++) g[row + j]! += v * a[at + j]!;
    }
  }
  for (let i = 0; i < k; i++) g[i * k + i]! += ridge;
}
