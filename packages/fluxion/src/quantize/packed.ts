// Binary layers for deployment: 1 bit a weight, products by counting bits.
import { OptionError, ShapeError } from "../core/errors.js";

/** Signs of a matrix, 32 to a word, row by row: a set bit is +1. */
export interface PackedSigns {
  /** uint32 [rows, words], words = ⌈columns/32⌉; bits past the last column are 0. */
  readonly words: Uint32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Packs signs.
 * @param data [rows, columns] row-major, no zeros: they have no sign
 * @throws ShapeError, OptionError
 */
export function packSigns(data: ArrayLike<number>, rows: number, columns: number): PackedSigns {
  const where = "quantize.packSigns";
  if (data.length !== rows * columns)
    throw new ShapeError({ where, want: `${rows} × ${columns} numbers`, got: String(data.length) });
  const width = Math.ceil(columns / 32);
  const words = new Uint32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const value = data[r * columns + c]!;
      if (value > 0) words[r * width + (c >> 5)]! |= 1 << (c & 31);
      else if (!(value < 0)) {
        throw new OptionError({ where, want: "numbers with a sign", got: `${value} at [${r}, ${c}]` });
      }
    }
  }
  return { words, rows, columns };
}

/**
 * Products of signs, A·Bᵀ, by exclusive or and bit counts: columns − 2·(bits that differ).
 * @param a [N, D]
 * @param b [M, D]
 * @param scale the products are multiplied by it: a binary layer's mean|w|. Default 1.
 * @returns float32 [N, M]
 * @throws ShapeError
 * @source M. Rastegari et al., 2016, arXiv 1603.05279, §3.2; deviates: none
 */
export function signProducts(a: PackedSigns, b: PackedSigns, scale = 1): Float32Array {
  if (a.columns !== b.columns) {
    const got = `${a.columns} and ${b.columns}`;
    throw new ShapeError({ where: "quantize.signProducts", want: "rows of one length", got });
  }
  const width = Math.ceil(a.columns / 32);
  const out = new Float32Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      let differ = 0;
      for (let k = 0; k < width; k++) differ += bitCount(a.words[i * width + k]! ^ b.words[j * width + k]!);
      out[i * b.rows + j] = scale * (a.columns - 2 * differ);
    }
  }
  return out;
}

/** Set bits of a 32-bit word, in halves, quarters, bytes. */
function bitCount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
