import { isFloat } from "../core/dtypes.js";
import { apply1, type Op } from "../core/node.js";
import { asTensor, type Tensor, type TensorLike } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { cast } from "./compare.js";
import { foldScalars, unaryOp } from "./elementwise.js";
import { abs, sign } from "./unary.js";

// Function declarations only: files of operators call these while they load, whichever way imports go round.

/**
 * A function with its derivative in closed form that is computed by other operators where `compose` gives them.
 * Composing after differentiation keeps branches and cancellations out of the gradient.
 * @internal
 */
export function composedOp(
  name: string,
  grad: (x: Tensor, ct: Tensor, out: Tensor) => Tensor,
  compose: (x: Tensor) => Tensor | undefined,
): Op {
  return unaryOp(name, grad, {
    simplify(call) {
      const other = compose(call.inputs[0]!);
      return other ? [other] : foldScalars(call);
    },
  });
}

/** `f` for double, where ONNX Runtime has no kernel; nothing for the other dtypes. @internal */
export function inDouble(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor | undefined {
  return (x) => (x.dtype === "float64" ? f(x) : undefined);
}

/** f(|x|) with the sign of x, for odd f. @internal */
export function odd(f: (magnitude: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => mul(sign(x), f(abs(x)));
}

/** The operator as a function that takes integers as float32. @internal */
export function floatFunction(op: Op): (x: TensorLike) => Tensor {
  return (x) => {
    const t = asTensor(x);
    return apply1(op, [isFloat(t.dtype) ? t : cast(t, "float32")], {});
  };
}
