import { isInteger } from "../dtypes.js";
import { DtypeError, OptionError, ShapeError } from "../errors.js";
import { apply1, collect } from "../node.js";
import { showShape, type Shape } from "../shape.js";
import { constant, Tensor, tensor } from "../tensor.js";
import { bitwiseAnd, floorDivide, sub } from "../../ops/arithmetic.js";
import { cast } from "../../ops/compare.js";
import { concat, reshape, split as parts } from "../../ops/movement.js";
import { rangeOp } from "../../ops/range.js";
import { threefry } from "./threefry.js";

const WORD = 2 ** 32;

/** The words of a key. @throws DtypeError, ShapeError if it is none @internal */
export function keyWords(where: string, key: Tensor): [Tensor, Tensor] {
  const hint = "make one with random.key(seed)";
  if (!(key instanceof Tensor) || key.dtype !== "uint32")
    throw new DtypeError({ where, want: "a uint32 key", got: String(key), hint });
  if (key.rank !== 1 || key.shape[0] !== 2) {
    const many = "take one key of several with slice(keys, i), or map over them with vmap";
    throw new ShapeError({
      where,
      want: "a key of shape [2]",
      got: showShape(key.shape),
      hint: key.rank > 1 ? many : hint,
    });
  }
  // A key made here is taken apart without ever being put together.
  const { op, inputs } = key.node;
  if (op.name === "Concat" && inputs.length === 2 && inputs.every((t) => t.shape[0] === 1))
    return [inputs[0]!, inputs[1]!];
  const [k0, k1] = parts(key, 2);
  return [k0!, k1!];
}

/** @throws ShapeError unless every size is a whole number ≥ 0 @internal */
export function checkShape(where: string, shape: Shape): void {
  if (!Array.isArray(shape) || shape.some((d) => !Number.isInteger(d) || d < 0))
    throw new ShapeError({ where, want: "a shape of whole numbers ≥ 0", got: String(shape) });
}

/** @throws OptionError unless `count` is a whole number ≥ 1 @internal */
export function checkCount(where: string, count: number): void {
  if (!Number.isInteger(count) || count < 1)
    throw new OptionError({ where, want: "a whole number ≥ 1", got: String(count) });
}

const zeroWord = (): Tensor => constant(0, "uint32");

/** Words of the blocks 0 … size−1 of a key, each in `shape`. @internal */
export function blocks(words: readonly [Tensor, Tensor], shape: Shape, size: number): [Tensor, Tensor] {
  const low = reshape(cast(apply1(rangeOp, [], { length: size }), "uint32"), shape);
  return threefry(words, zeroWord(), low);
}

/**
 * A random key from a seed. The same seed gives the same numbers everywhere, and those of JAX: an int32 seed as
 * `jax.random.key(seed)`, a larger one as with `jax_enable_x64`.
 * @param seed whole number in ±2^53, or an integer scalar Tensor (so that a compiled function can take the seed)
 * @returns uint32 [2]
 * @throws OptionError for a seed that is no whole number; DtypeError, ShapeError for a Tensor that is no integer scalar
 */
export function key(seed: number | Tensor): Tensor {
  if (seed instanceof Tensor) return keyOfTensor(seed);
  if (!Number.isSafeInteger(seed))
    throw new OptionError({ where: "random.key", want: "a whole number within ±2^53", got: String(seed) });
  const fits = seed >= -(2 ** 31) && seed < WORD;
  return tensor(Uint32Array.of(fits ? 0 : Math.floor(seed / WORD), seed));
}

function keyOfTensor(seed: Tensor): Tensor {
  if (!isInteger(seed.dtype))
    throw new DtypeError({ where: "random.key", want: "an integer seed", got: seed.dtype });
  if (seed.rank !== 0)
    throw new ShapeError({
      where: "random.key",
      want: "a scalar",
      got: showShape(seed.shape),
      hint: "for many seeds use vmap(random.key)",
    });
  if (seed.dtype !== "int64") return concat([reshape(zeroWord(), [1]), reshape(cast(seed, "uint32"), [1])]);
  const low = bitwiseAnd(seed, WORD - 1);
  const high = floorDivide(sub(seed, low), WORD);
  return concat([reshape(cast(high, "uint32"), [1]), reshape(cast(low, "uint32"), [1])]);
}

/**
 * Independent keys from one, stacked: what a `scan` takes as xs, one key a step. Do not use `key` again.
 * @param key uint32 [2]
 * @param count n ≥ 1, default 2
 * @returns uint32 [n, 2], equal to `jax.random.split`
 */
export function split(key: Tensor, count = 2): Tensor {
  const words = keyWords("random.split", key);
  checkCount("random.split", count);
  return concat(blocks(words, [count, 1], count), 1);
}

/** `count` Tensors as a tuple where the number is known. */
export type Keys<N extends number> = number extends N ? Tensor[] : TupleOf<N>;
type TupleOf<N extends number, T extends Tensor[] = []> = T["length"] extends N
  ? T
  : TupleOf<N, [...T, Tensor]>;

/**
 * Independent keys from one, to be taken apart: `const [init, noise] = random.keys(key, 2)`. Do not use `key` again.
 * @param key uint32 [2]
 * @param count n ≥ 1, default 2
 * @returns n keys, uint32 [2]: the rows of `split(key, n)`
 */
export function keys<N extends number = 2>(key: Tensor, count: N = 2 as N): Keys<N> {
  const words = keyWords("random.keys", key);
  checkCount("random.keys", count);
  const [first, second] = blocks(words, [count], count).map((t) => parts(t, count));
  return first!.map((word, i) => concat([word, second![i]!])) as Keys<N>;
}

/**
 * The key for a piece of data, such as the number of a step or of a layer; equal to `jax.random.fold_in`.
 * @param key uint32 [2]; may be folded with many numbers, but not otherwise used
 * @param data whole number in [0, 2^32), or an integer scalar Tensor
 * @returns uint32 [2]
 */
export function foldIn(key: Tensor, data: number | Tensor): Tensor {
  const where = "random.foldIn";
  const words = keyWords(where, key);
  if (!(data instanceof Tensor)) {
    if (!Number.isInteger(data) || data < 0 || data >= WORD)
      throw new OptionError({ where, want: "a whole number in [0, 2^32)", got: String(data) });
    return concat(threefry(words, zeroWord(), dataWord(key, data)));
  }
  if (!isInteger(data.dtype)) throw new DtypeError({ where, want: "integer data", got: data.dtype });
  if (data.rank !== 0) throw new ShapeError({ where, want: "a scalar", got: showShape(data.shape) });
  return concat(threefry(words, zeroWord(), reshape(cast(data, "uint32"), [1])));
}

/**
 * A literal in a traced function; a fed value otherwise, so that a loop that folds in its step number and evaluates as
 * it goes has one program, not one a step.
 */
function dataWord(key: Tensor, data: number): Tensor {
  const traced = collect([key]).some((node) => node.op.name === "Input");
  return traced ? constant([data], "uint32") : tensor(Uint32Array.of(data));
}
