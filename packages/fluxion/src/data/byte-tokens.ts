import { FormatError } from "../core/errors.js";

/** Words of a text, read one after the other. @internal */
export interface ByteTokens {
  /** The rest of the present line, which is consumed; at most `most` characters of it. */
  firstLine(most: number): string;
  /** The next word as a whole number in [least, most]. */
  whole(what: string, least: number, most: number): number;
  /** The next word as a finite number. */
  number(what: string): number;
  /** Throws unless only blanks and comments are left. */
  end(): void;
  /** Of the last word read, from 1. */
  line(): number;
  /** Bytes not read yet. */
  left(): number;
}

const [newline, carriage, space, tab] = [0x0a, 0x0d, 0x20, 0x09];
/** Longer words are no numbers. */
const longest = 400;
const numeric = /^[+-]?(\d+\.?\d*|\.\d+)([ed][+-]?\d+)?$/i;

/**
 * Words of a text in bytes, separated by blanks and ends of lines; lines that begin with `comment` are passed over. It
 * makes no string of the text, so a file may be as large as memory.
 * @param where names the file in errors
 * @throws FormatError with the line, from every method
 * @internal
 */
export function byteTokens(bytes: Uint8Array, where: string, comment: string): ByteTokens {
  const mark = comment.charCodeAt(0);
  let [at, line, lineStart] = [0, 1, 0];
  const fail = (want: string, got: string): FormatError =>
    new FormatError({ where: `${where} (line ${line})`, want, got });
  const text = (from: number, to: number): string => {
    let word = "";
    for (let i = from; i < Math.min(to, from + longest); i++) word += String.fromCharCode(bytes[i]!);
    return word;
  };
  const blank = (c: number): boolean => c === space || c === tab || c === newline || c === carriage;
  /** Goes to the next word; false at the end. */
  const advance = (): boolean => {
    while (at < bytes.length) {
      const c = bytes[at]!;
      if (c === newline) {
        line++;
        lineStart = ++at;
      } else if (c === space || c === tab || c === carriage) at++;
      else if (c === mark && at === lineStart) while (at < bytes.length && bytes[at] !== newline) at++;
      else return true;
    }
    return false;
  };
  const word = (what: string): [from: number, to: number] => {
    if (!advance()) throw fail(what, "the end of the file");
    const from = at;
    while (at < bytes.length && !blank(bytes[at]!)) at++;
    return [from, at];
  };
  return {
    firstLine(most) {
      const from = at;
      while (at < bytes.length && bytes[at] !== newline) at++;
      return text(from, Math.min(at, from + most));
    },
    whole(what, least, most) {
      const [from, to] = word(what);
      let value = to - from > 15 ? NaN : 0;
      for (let i = from; i < to && !Number.isNaN(value); i++) {
        const digit = bytes[i]! - 0x30;
        value = digit >= 0 && digit <= 9 ? 10 * value + digit : NaN;
      }
      if (value >= least && value <= most) return value;
      throw fail(`${what}, a whole number in ${least} … ${most}`, `"${text(from, Math.min(to, from + 40))}"`);
    },
    number(what) {
      const [from, to] = word(what);
      const spelled = to - from > longest ? "" : text(from, to);
      const value = numeric.test(spelled) ? Number(spelled.replace(/d/i, "e")) : NaN;
      if (Number.isFinite(value)) return value;
      throw fail(what, `"${text(from, Math.min(to, from + 40))}"`);
    },
    end() {
      if (advance()) throw fail("the end of the file", `"${text(at, Math.min(bytes.length, at + 40))}"`);
    },
    line: () => line,
    left: () => bytes.length - at,
  };
}
