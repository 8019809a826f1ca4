import { CompileError } from "../../core/errors.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { input, number, type Call, type Translations } from "../call.js";
import { heldAs, typeNames } from "../read-tensor.js";

/** Bits and least value of the integers that are held in a wider dtype. */
const narrow: Readonly<Record<string, readonly [number, number]>> = {
  ...{ int8: [8, -128], int16: [16, -32768], uint16: [16, 0] },
  ...{ int4: [4, -8], uint4: [4, 0], int2: [2, -2], uint2: [2, 0] },
};

/** Above this, splitting would overflow; such values stay as they are. */
const MAX_SPLIT = 2 ** 111;

/** Rounded to the 8 significant bits of bfloat16 by Veltkamp's splitting; the slope is 1. */
function toBfloat16(x: Tensor): Tensor {
  const small = ops.less(ops.abs(x), MAX_SPLIT);
  const safe = ops.where(small, x, ops.zerosLike(x));
  const spread = safe.mul(2 ** 16 + 1);
  return ops.where(small, spread.sub(spread.sub(safe)), x);
}

/** To the dtype that holds an element type; what lies outside a narrow integer wraps as in C. */
function castTo(call: Call, x: Tensor, code: number): Tensor {
  const dtype = heldAs(code);
  const name = typeNames[code] ?? `type ${code}`;
  if (!dtype) throw new CompileError({ where: call.type, want: "a type of numbers", got: name });
  const y = x.cast(dtype);
  if (name === "bfloat16") return toBfloat16(y);
  const range = narrow[name];
  if (!range) return y;
  const [bits, least] = range;
  return ops.add(ops.remainder(ops.sub(y, least), 2 ** bits), least).cast(dtype);
}

/** Conversions between element types. */
export const casts: Translations = {
  Cast: (call) => castTo(call, input(call, 0), number(call, "to")),
  CastLike: (call) => castTo(call, input(call, 0), typeNames.indexOf(call.declared(1))),
};
