import { alias, record, reverse } from "./backward.js";
import { isFloat } from "./dtypes.js";
import { checkOptions, GradientError, ShapeError, TreeError } from "./errors.js";
import { sameShape, showShape } from "./shape.js";
import { Tensor } from "./tensor.js";
import { flattenTree, matchTree, tensorLeaves } from "./tree.js";
import { ones, zerosLike, eye } from "../ops/create.js";
import { reshape } from "../ops/movement.js";
import { vmap } from "./vmap.js";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- arguments of a user's function, checked at run time
export type Fn<Args extends any[] = any[], Out = any> = (...args: Args) => Out;

/** Options of `grad` and `valueAndGrad`. */
export interface GradOptions {
  /** Position(s) of the arguments to differentiate with respect to; default 0. */
  argnums?: number | readonly number[];
  /** Whether the function returns `[loss, aux]`; aux is passed through undifferentiated. Default false. */
  hasAux?: boolean;
}

type Argnums = number | readonly number[];

/** A tree like the argument, or a tuple of trees where `argnums` is a list. */
type Gradient<Args extends unknown[], N extends Argnums> = N extends number
  ? Args[N]
  : { -readonly [K in keyof N]: N[K] extends number ? Args[N[K]] : never };

/** Replaces the float leaves of `tree` by aliases; `sources` collects them in leaf order (undefined: not a float). */
function aliasTree(
  where: string,
  tree: unknown,
): { tree: unknown; sources: (Tensor | undefined)[]; rebuild: (l: unknown[]) => unknown } {
  const { leaves, def } = tensorLeaves(where, tree);
  const sources = leaves.map((t) => (isFloat(t.dtype) ? alias(t) : undefined));
  return { tree: def.build(leaves.map((t, i) => sources[i] ?? t)), sources, rebuild: def.build };
}

const defined = (list: readonly (Tensor | undefined)[]): Tensor[] => list.filter((t) => t !== undefined);

/** Puts gradients of the float sources back in place; the rest are zeros. */
function fill(
  sources: readonly (Tensor | undefined)[],
  likes: readonly Tensor[],
  grads: readonly (Tensor | undefined)[],
): Tensor[] {
  let next = 0;
  return likes.map((like, i) => (sources[i] ? grads[next++] : undefined) ?? zerosLike(like));
}

/**
 * Value of `f` and its pullback: `[f(...args), ct => [ct·∂f/∂args[0], …]]`.
 * @param f function of trees of Tensors, giving a tree of Tensors
 * @returns the value and a function from a cotangent (a tree like the value) to one tree per argument
 */
export function vjp<Args extends unknown[], Out>(
  f: (...args: Args) => Out,
  ...args: Args
): [Out, (cotangent: Out) => Args] {
  const aliased = args.map((arg) => aliasTree("vjp", arg));
  const out = f(...(aliased.map((a) => a.tree) as Args));
  const { leaves: results, def } = tensorLeaves("vjp: the function's value", out);
  const sources = aliased.flatMap((a) => defined(a.sources));
  const tape = record(results, sources);
  const pullback = (cotangent: Out): Args => {
    const cts = matchTree("vjp: the cotangent", def, cotangent) as Tensor[];
    cts.forEach((ct, i) => {
      if (!sameShape(ct.shape, results[i]!.shape)) {
        throw new ShapeError({
          where: `vjp: the cotangent at "${def.paths[i]}"`,
          want: showShape(results[i]!.shape),
          got: showShape(ct.shape),
        });
      }
    });
    const grads = reverse(
      tape,
      results,
      cts.map((ct, i) => (isFloat(results[i]!.dtype) ? ct : undefined)),
    );
    let next = 0;
    return aliased.map((a, i) => {
      const likes = flattenTree(args[i]).leaves as Tensor[];
      const count = defined(a.sources).length;
      const mine = grads.slice(next, (next += count));
      return a.rebuild(fill(a.sources, likes, mine));
    }) as Args;
  };
  return [out, pullback];
}

/**
 * Value and gradient of a scalar function, in one pass.
 * @param f function giving a float scalar (or `[scalar, aux]` with `hasAux`)
 * @returns a function of the same arguments giving `[value, gradient]`; the gradient is a tree like argument 0, or a
 *   tuple of trees where `argnums` is a list
 * @throws ShapeError if the value is no float scalar; GradientError if an operator has no gradient
 */
export function valueAndGrad<Args extends unknown[], Out>(
  f: (...args: Args) => Out,
  options?: GradOptions & { argnums?: 0 },
): (...args: Args) => [Out, Args[0]];
export function valueAndGrad<Args extends unknown[], Out, const N extends Argnums>(
  f: (...args: Args) => Out,
  options: GradOptions & { argnums: N },
): (...args: Args) => [Out, Gradient<Args, N>];
export function valueAndGrad(f: Fn, options: GradOptions = {}): Fn {
  checkOptions("grad", options, ["argnums", "hasAux"]);
  const { argnums = 0, hasAux = false } = options;
  const positions = typeof argnums === "number" ? [argnums] : argnums;
  return (...args: unknown[]) => {
    const aliased = positions.map((p) => {
      if (!(p in args))
        throw new TreeError({ where: "grad", want: `an argument ${p}`, got: `${args.length} arguments` });
      return aliasTree(`grad: argument ${p}`, args[p]);
    });
    const passed = args.map((arg, i) => (positions.includes(i) ? aliased[positions.indexOf(i)]!.tree : arg));
    const out: unknown = f(...passed);
    const loss = hasAux ? (out as unknown[])[0] : out;
    if (!(loss instanceof Tensor) || loss.size !== 1 || loss.rank !== 0 || !isFloat(loss.dtype)) {
      throw new ShapeError({
        where: "grad",
        want: "a function giving a float scalar",
        got: String(loss),
        hint: "take .mean() or .sum()",
      });
    }
    const sources = aliased.flatMap((a) => defined(a.sources));
    if (sources.length === 0)
      throw new GradientError({ where: "grad", want: "float tensors to differentiate by", got: "none" });
    const grads = reverse(record([loss], sources), [loss], [ones(loss.shape, { dtype: loss.dtype })]);
    let next = 0;
    const trees = aliased.map((a, i) => {
      const count = defined(a.sources).length;
      const likes = flattenTree(args[positions[i]!]).leaves as Tensor[];
      return a.rebuild(fill(a.sources, likes, grads.slice(next, (next += count))));
    });
    return [out, typeof argnums === "number" ? trees[0] : trees];
  };
}

/** Gradient of a scalar function; see `valueAndGrad`. With `hasAux` it gives `[gradient, aux]`. */
export function grad<Args extends unknown[], Aux, const N extends Argnums = 0>(
  f: (...args: Args) => readonly [Tensor, Aux],
  options: { argnums?: N; hasAux: true },
): (...args: Args) => [Gradient<Args, N>, Aux];
export function grad<Args extends unknown[]>(
  f: (...args: Args) => Tensor,
  options?: { argnums?: 0 },
): (...args: Args) => Args[0];
export function grad<Args extends unknown[], const N extends Argnums>(
  f: (...args: Args) => Tensor,
  options: { argnums: N },
): (...args: Args) => Gradient<Args, N>;
export function grad(f: Fn, options: GradOptions = {}): Fn {
  const both: Fn = valueAndGrad(f, { argnums: 0, ...options });
  return (...args: unknown[]) => {
    const [out, gradient] = both(...args) as [unknown, unknown];
    return options.hasAux ? [gradient, (out as unknown[])[1]] : gradient;
  };
}

/**
 * Value of `f` and its derivative in a direction: `[f(...primals), ∂f/∂primals · tangents]`. The transpose of the
 * transpose: `vjp` is linear in its cotangent, so its own pullback is the Jacobian; what is not needed drops out.
 */
export function jvp<Args extends unknown[], Out>(
  f: (...args: Args) => Out,
  primals: Args,
  tangents: Args,
): [Out, Out] {
  const [out, pullback] = vjp(f, ...primals);
  const { leaves, def } = tensorLeaves("jvp", out);
  const zero = def.build(leaves.map((t) => zerosLike(t))) as Out;
  const [, pushforward] = vjp((ct: Out) => pullback(ct), zero);
  checkTangents(primals, tangents);
  return [out, pushforward(tangents)[0]];
}

function checkTangents(primals: unknown[], tangents: unknown[]): void {
  const { leaves, def } = tensorLeaves("jvp: primals", primals);
  (matchTree("jvp: tangents", def, tangents) as Tensor[]).forEach((t, i) => {
    if (!sameShape(t.shape, leaves[i]!.shape)) {
      throw new ShapeError({
        where: `jvp: tangent at ${def.paths[i]}`,
        want: showShape(leaves[i]!.shape),
        got: showShape(t.shape),
      });
    }
  });
}

/**
 * Hessian-vector product of a scalar function with respect to its first argument: `∇²f(args[0], …) · v`.
 * @param v tree like `args[0]`
 */
export function hvp<Args extends unknown[]>(f: (...args: Args) => Tensor, args: Args, v: Args[0]): Args[0] {
  const [first, ...rest] = args;
  const gradient = (x: Args[0]): Args[0] => grad(f)(...([x, ...rest] as unknown as Args));
  return jvp(gradient, [first] as [Args[0]], [v] as [Args[0]])[1];
}

/**
 * Jacobian of a function of one Tensor, by rows (reverse mode).
 * @returns a function giving [...output shape, ...input shape]
 */
export function jacobian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => {
    const [out, pullback] = vjp(f, x);
    const basis = reshape(eye(out.size, { dtype: out.dtype }), [out.size, ...out.shape]);
    const rows = vmap((ct: Tensor) => pullback(ct)[0])(basis);
    return reshape(rows, [...out.shape, ...x.shape]);
  };
}
