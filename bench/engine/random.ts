/** The same pseudo-random numbers everywhere: Park & Miller's generator, which needs no library. */
export function generator(seed = 1): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Uniform numbers in ±`scale`. */
export function floats(next: () => number, size: number, scale = 1): Float32Array {
  return Float32Array.from({ length: size }, () => (2 * next() - 1) * scale);
}
