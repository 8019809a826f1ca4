import { normalFrom, seededUniform } from "../data/seeded.js";

/** Gives the next standard normal number. */
export type NoiseSource = () => number;

/** Noise from the system's generator, which nobody can repeat: what privacy needs. */
export function secureNoise(): NoiseSource {
  const words = new Uint32Array(512);
  let at = words.length;
  const word = (): number => {
    if (at === words.length) {
      crypto.getRandomValues(words);
      at = 0;
    }
    return words[at++]!;
  };
  return normalFrom(() => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) * 2 ** -53);
}

/** Noise that a seed repeats: for tests and experiments, not for privacy. @param stream independent sources of one seed */
export const seededNoise = (seed: number, stream = 0): NoiseSource => normalFrom(seededUniform(seed, stream));
