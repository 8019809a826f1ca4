// The few operations on long vectors that iterative solvers live on.

/** xᵀy. @internal */
export function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** ‖x‖, also where its square would overflow. @internal */
export function norm(x: Float64Array): number {
  const plain = Math.sqrt(dot(x, x));
  if (plain > 1e-140 && plain < Infinity) return plain;
  let top = 0;
  for (const v of x) {
    if (Number.isNaN(v)) return NaN;
    top = Math.max(top, Math.abs(v));
  }
  if (top === 0 || top === Infinity) return top;
  let sum = 0;
  for (const v of x) sum += (v / top) ** 2;
  return top * Math.sqrt(sum);
}

/** y ← y + a·x. @internal */
export function addScaled(y: Float64Array, a: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] = y[i]! + a * x[i]!;
}

/** out ← x − y. @internal */
export function difference(x: Float64Array, y: Float64Array, out: Float64Array): Float64Array {
  for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
  return out;
}

/** x ← a·x. @internal */
export function scaleBy(x: Float64Array, a: number): void {
  for (let i = 0; i < x.length; i++) x[i] = a * x[i]!;
}
