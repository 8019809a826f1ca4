import { vjp } from "../core/autodiff.js";
import { customGradient } from "../core/custom.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { conv as convolve, type ConvOptions } from "../ops/conv.js";
import { eye } from "../ops/create.js";
import { solve } from "../ops/linalg/index.js";
import { matmul } from "../ops/matmul.js";
import { reshape, transpose } from "../ops/movement.js";
import { unfold } from "../ops/unfold.js";
import { mapLeaves } from "./leaves.js";
import { checkRange } from "./options.js";
import type { Transform } from "./transform.js";

/** Options of TrAct. */
export interface TractOptions {
  /**
   * Weight of the ridge, in (0, ∞); default 0.1. The authors use 0.05 to 0.2, larger for longer training; inputs are
   * meant to have mean 0 and variance 1.
   */
  lambda?: number;
  /** Whether the system is that of the features ("primal", n x n) or the rows ("dual", b x b). Default: the smaller. */
  method?: "auto" | "primal" | "dual";
}

/** Convolutions that `tractConv` takes: no groups. */
export type TractConvOptions = TractOptions & Omit<ConvOptions, "groups">;

const keys = ["lambda", "method"] as const;
const convKeys = ["stride", "padding", "dilation"] as const;

function checkTract(where: string, { lambda = 0.1, method = "auto" }: TractOptions): void {
  checkRange(where, "lambda", lambda, "(0, ∞)");
  if (!["auto", "primal", "dual"].includes(method))
    throw new OptionError({ where, want: "method auto, primal or dual", got: String(method) });
}

/** A + lambda·I. */
const ridge = (a: Tensor, lambda: number): Tensor =>
  add(a, mul(eye(a.shape[0]!, { dtype: a.dtype }), lambda));

const flat = (t: Tensor): Tensor => reshape(t, [t.size / t.shape.at(-1)!, t.shape.at(-1)!]);

/**
 * The gradient that TrAct puts in place of Xᵀ·Gz: the step of the weights that moves the pre-activations Z = X·W most
 * nearly along their own gradient, (XᵀX/b + λI)⁻¹·Xᵀ·Gz = Xᵀ·(XXᵀ/b + λI)⁻¹·Gz.
 *
 * The system is solved on the host: it cannot stand inside `scan`, so `train` takes one step per call.
 * @param x input rows, float [b, n]
 * @param gz gradient of the mean loss by the pre-activations, float [b, m]
 * @returns [n, m]
 * @throws OptionError, ShapeError
 * @source Petersen, Borgelt, Ermon, "TrAct: Making first-layer pre-activations trainable", 2024, arXiv:2410.23970,
 *   equations 6 to 10; deviates: one solve in the dual form, where the authors' code subtracts two large terms
 */
export function tractGradient(x: Tensor, gz: Tensor, options: TractOptions = {}): Tensor {
  const where = "optim.tractGradient";
  checkOptions(where, options, keys);
  checkTract(where, options);
  const { lambda = 0.1, method = "auto" } = options;
  if (x.rank !== 2 || gz.rank !== 2 || x.shape[0] !== gz.shape[0]) {
    const got = `${showShape(x.shape)} and ${showShape(gz.shape)}`;
    throw new ShapeError({ where, want: "x [b, n] and gz [b, m]", got });
  }
  const [b, n] = x.shape as [number, number];
  const xt = transpose(x);
  if (method === "dual" || (method === "auto" && b < n))
    return matmul(xt, solve(ridge(div(matmul(x, xt), b), lambda), gz));
  return solve(ridge(div(matmul(xt, x), b), lambda), matmul(xt, gz));
}

/**
 * A linear layer whose weight gets TrAct's gradient; its value, and the gradients of bias and input, are the usual ones.
 * @param params weight [n, m], bias [m]
 * @param x [..., n]: all leading axes count as rows
 * @returns [..., m]
 * @throws OptionError, ShapeError
 * @source as `tractGradient`
 */
export function tractLinear(
  params: { weight: Tensor; bias?: Tensor },
  x: Tensor,
  options: TractOptions = {},
): Tensor {
  checkOptions("optim.tractLinear", options, keys);
  checkTract("optim.tractLinear", options);
  const product = customGradient(
    (w: Tensor, input: Tensor) => matmul(input, w),
    (ct: Tensor, [w, input]) => [tractGradient(flat(input), flat(ct), options), matmul(ct, transpose(w))],
  );
  const y = product(params.weight, x);
  return params.bias ? add(y, params.bias) : y;
}

/**
 * A convolution whose kernel gets TrAct's gradient, the rows being the patches of all images; its value, and the
 * gradients of bias and input, are the usual ones.
 * @param params weight [m, C, ...kernel], bias [m]
 * @param x [B, C, ...]
 * @throws OptionError, ShapeError
 * @source as `tractGradient`, section 3.2
 */
export function tractConv(
  params: { weight: Tensor; bias?: Tensor },
  x: Tensor,
  options: TractConvOptions = {},
): Tensor {
  const where = "optim.tractConv";
  checkOptions(where, options, [...keys, ...convKeys]);
  const { lambda, method, ...window } = options;
  const own = { ...(lambda === undefined ? {} : { lambda }), ...(method === undefined ? {} : { method }) };
  checkTract(where, own);
  const layer = customGradient(
    (w: Tensor, input: Tensor) => convolve(input, w, window),
    (ct: Tensor, [w, input]) => {
      const [batch, m] = ct.shape as [number, number];
      const gz = flat(transpose(reshape(ct, [batch, m, ct.size / batch / m]), [0, 2, 1]));
      const g = tractGradient(patches(input, w.shape.slice(2), window), gz, own);
      const [, pullback] = vjp((t: Tensor) => convolve(t, w, window), input);
      return [reshape(transpose(g), w.shape), pullback(ct)[0]];
    },
  );
  const y = layer(params.weight, x);
  const { bias } = params;
  return bias ? add(y, reshape(bias, [bias.size, ...x.shape.slice(2).map(() => 1)])) : y;
}

/** The patches of images as rows, [B·positions, C·kernel]. */
function patches(x: Tensor, kernel: readonly number[], window: Omit<ConvOptions, "groups">): Tensor {
  return flat(transpose(unfold(x, kernel, window), [0, 2, 1]));
}

/** Options of `tract`. */
export interface TractTransformOptions extends Pick<TractOptions, "lambda"> {
  /** Path of the first layer's weight in the parameters, such as `layers[0].weight`. */
  weight: string;
  /** The first layer's input from the step's batch: [..., n], or [B, C, ...] with `conv`. */
  input: (batch: never) => Tensor;
  /** How the first layer slides, if it is a convolution. Default: it is linear, with weight [n, m]. */
  conv?: Omit<ConvOptions, "groups">;
}

/**
 * TrAct for a model that stays as it is: multiplies the gradient of the first layer's weight by (XᵀX/b + λI)⁻¹, and
 * leaves all others. Put it before the optimizer: `chain(tract({ … }), momentum({ … }))`. `update` wants
 * `extra.batch`, which `train` gives; the system is solved on the host, so `train` takes one step per call.
 * @throws OptionError; in `update` without a batch or where no parameter has that path, too
 * @source Petersen, Borgelt, Ermon, "TrAct: Making first-layer pre-activations trainable", 2024, arXiv:2410.23970,
 *   equations 6 to 10; deviates: where there are fewer rows than features, by Woodbury's identity
 */
export function tract(options: TractTransformOptions): Transform {
  const where = "optim.tract";
  checkOptions(where, options, ["weight", "input", "conv", "lambda"]);
  const { weight, input, conv, lambda = 0.1 } = options;
  checkTract(where, { lambda });
  return {
    init: () => ({}),
    update(grads, state, _params, extra) {
      if (extra?.batch === undefined) {
        const hint = "call update(grads, state, params, { batch })";
        throw new OptionError({ where, want: "extra.batch", got: "none", hint });
      }
      const data = input(extra.batch as never);
      let found = false;
      const [updates] = mapLeaves(where, grads, [], (g, _rest, path) => {
        if (path !== weight) return [g];
        found = true;
        if (!conv) return [precondition(flat(data), g, lambda)];
        const rows = patches(data, g.shape.slice(2), conv);
        const matrix = transpose(reshape(g, [g.shape[0]!, g.size / g.shape[0]!]));
        return [reshape(transpose(precondition(rows, matrix, lambda)), g.shape)];
      });
      if (!found)
        throw new OptionError({ where, want: "weight the path of a parameter", got: `"${weight}"` });
      return { updates, state };
    },
  };
}

/** (XᵀX/b + λI)⁻¹·g by the smaller of both systems. */
function precondition(x: Tensor, g: Tensor, lambda: number): Tensor {
  const [b, n] = x.shape as [number, number];
  const xt = transpose(x);
  if (n <= b) return solve(ridge(div(matmul(xt, x), b), lambda), g);
  const inner = solve(ridge(div(matmul(x, xt), b), lambda), div(matmul(x, g), b));
  return div(sub(g, matmul(xt, inner)), lambda);
}
