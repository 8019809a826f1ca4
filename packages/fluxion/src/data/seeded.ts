import { OptionError } from "../core/errors.js";

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * One block of the Threefry-2x32 counter-based generator with 20 rounds, on plain numbers: a bijection of the counter
 * for every key.
 * @param key two 32-bit words
 * @param counter two 32-bit words
 * @returns two uint32 words
 * @source Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, section 4; deviates: none
 */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const keys = [key[0] | 0, key[1] | 0, 0x1bd11bda ^ key[0] ^ key[1]];
  let a = (counter[0] + keys[0]!) | 0;
  let b = (counter[1] + keys[1]!) | 0;
  for (let round = 0; round < 20; round++) {
    const r = rotations[round % 8]!;
    a = (a + b) | 0;
    b = ((b << r) | (b >>> (32 - r))) ^ a;
    if (round % 4 === 3) {
      const inject = (round + 1) / 4;
      a = (a + keys[inject % 3]!) | 0;
      b = (b + keys[(inject + 1) % 3]! + inject) | 0;
    }
  }
  return [a >>> 0, b >>> 0];
}

/**
 * A source of uniform numbers that depends on `seed` and `stream` only.
 * @param seed whole number in [0, 2^32)
 * @param stream whole number in [0, 2^32): independent sources of one seed, default 0
 * @returns a function that gives the next number in [0, 1), a multiple of 2^-53
 * @throws OptionError if `seed` or `stream` is out of range
 */
export function seededUniform(seed: number, stream = 0): () => number {
  const key = [word("seed", seed), word("stream", stream)] as const;
  let low = 0;
  let high = 0;
  return () => {
    const [a, b] = threefry2x32(key, [low, high]);
    low = (low + 1) >>> 0;
    if (low === 0) high = (high + 1) >>> 0;
    return ((a >>> 5) * 2 ** 26 + (b >>> 6)) * 2 ** -53;
  };
}

/**
 * Standard normal numbers by Box and Muller's transform of `uniform`.
 * @param uniform source of numbers in [0, 1)
 * @returns a function that gives the next number
 */
export function normalFrom(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // 1 - u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/**
 * The numbers 0 ... n - 1 in an order drawn from `uniform` (Fisher and Yates).
 * @param n how many, in [0, 2^31)
 * @param uniform source of numbers in [0, 1)
 * @returns int32 [n]
 */
export function shuffled(n: number, uniform: () => number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

function word(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new OptionError({
    where: "data.seededUniform",
    want: `${name} a whole number in [0, 2^32)`,
    got: String(value),
  });
}
