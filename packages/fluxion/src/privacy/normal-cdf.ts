/**
 * Φ(x), the standard normal distribution function, to a relative error near 1e-14 in both tails.
 * @param x any number
 * @source the power series of erf, and Laplace's continued fraction for the tail; deviates: none
 */
export function normalCdf(x: number): number {
  if (x > 0) return 1 - normalCdf(-x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x > -3) {
    // Φ(x) = 1/2 + φ(x)·(x + x³/3 + x⁵/15 + …)
    let [term, sum] = [x, x];
    for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) sum += term *= (x * x) / k;
    return 0.5 + density * sum;
  }
  // Φ(−z) = φ(z) / (z + 1/(z + 2/(z + 3/(z + …))))
  let fraction = -x;
  for (let k = 200; k >= 1; k--) fraction = -x + k / fraction;
  return density / fraction;
}
