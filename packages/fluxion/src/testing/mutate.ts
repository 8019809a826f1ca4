import { FormatError } from "../core/errors.js";
import { seededUniform } from "../data/seeded.js";

/** Bytes that parsers tend to trip over. */
const awkward = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x2c];

/**
 * A damaged copy of a file: one to four bit flips, overwritten, inserted, removed or repeated stretches, or a cut.
 * @param bytes the sound file
 * @param seed whole number in [0, 2^32): the same seed, the same damage
 */
export function mutate(bytes: Uint8Array, seed: number): Uint8Array {
  const uniform = seededUniform(seed);
  const below = (n: number) => Math.floor(uniform() * n);
  let out = [...bytes];
  // Half of the damage falls on the first bytes, where headers lie.
  const place = () => (uniform() < 0.5 ? below(Math.min(out.length, 64) + 1) : below(out.length + 1));
  const filler = () => Array.from({ length: 1 + below(8) }, () => awkward[below(awkward.length)]!);
  const damages = [
    () => {
      const at = place();
      if (at < out.length) out[at] = out[at]! ^ (1 << below(8));
    },
    () => {
      const at = place();
      const bytesIn = filler();
      out.splice(at, bytesIn.length, ...bytesIn);
    },
    () => out.splice(place(), 0, ...filler()),
    () => out.splice(place(), 1 + below(16)),
    () => out.splice(place(), 0, ...out.slice(place()).slice(0, 1 + below(32))),
    () => (out = out.slice(0, place())),
  ];
  for (let times = 1 + below(4); times > 0; times--) damages[below(damages.length)]!();
  return Uint8Array.from(out);
}

/**
 * Feeds `count` damaged copies of a file to a parser.
 * @param parse parses, and throws a plain Error if what came out is not a sound result
 * @returns how many were read and how many refused by a FormatError
 * @throws whatever else the parser threw, with the seed that shows it
 */
export async function fuzzParser(
  file: Uint8Array,
  count: number,
  parse: (bytes: Uint8Array) => unknown,
): Promise<{ parsed: number; refused: number }> {
  const tally = { parsed: 0, refused: 0 };
  for (let seed = 0; seed < count; seed++) {
    try {
      await parse(mutate(file, seed));
      tally.parsed++;
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw new Error(`damaged file number ${seed}`, { cause });
      tally.refused++;
    }
  }
  return tally;
}
