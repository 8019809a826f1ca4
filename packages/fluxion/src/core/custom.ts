import { apply, type Graph, type Op } from "./node.js";
import { placeholder, type Tensor } from "./tensor.js";
import { flattenTree, matchTree, tensorLeaves } from "./tree.js";
import { GradientError, ShapeError } from "./errors.js";
import { sameShape, showShape } from "./shape.js";
import { batchFunction } from "./vmap.js";
import { close, inline } from "./closed-graph.js";
import { scanTensors } from "./scan.js";
import { vjp } from "./autodiff.js";
import { sum } from "../ops/reduce.js";
import { broadcastTo, expandDims, squeeze } from "../ops/movement.js";

type Backward = (
  cts: readonly Tensor[],
  args: readonly Tensor[],
  outs: readonly Tensor[],
) => (Tensor | undefined)[];

/** Inputs are the arguments and then the already computed outputs, which pass through unchanged. */
const customOp: Op<{ count: number; backward: Backward }> = {
  name: "CustomGradient",
  infer: (inputs, { count }) => inputs.slice(count),
  grad({ inputs, attrs: { count, backward }, outputs }, cts) {
    const dense = cts.map((ct, i) => ct ?? outputs[i]!.zerosLike());
    return backward(dense, inputs.slice(0, count), outputs);
  },
  batch(inputs, batched, { count, backward }, size) {
    const args = inputs.slice(0, count);
    const outs = inputs
      .slice(count)
      .map((t, i) => (batched[count + i] ? t : broadcastTo(t, [size, ...t.shape])));
    const mapped: Backward = (cts, xs, ys) => {
      const flags = [...cts.map(() => true), ...batched.slice(0, count), ...ys.map(() => true)];
      let present: boolean[] = [];
      const grads = batchFunction(
        (all) => {
          const c = cts.length;
          const list = backward(all.slice(0, c), all.slice(c, c + count), all.slice(c + count));
          present = list.map((g) => g !== undefined);
          return list.filter((g) => g !== undefined);
        },
        [...cts, ...xs, ...ys],
        flags,
        size,
      );
      return present.map((has, i) => {
        const g = has ? grads.shift()! : undefined;
        return g && !batched[i] ? sum(g, 0) : g;
      });
    };
    return apply(customOp, [...args, ...outs], { count, backward: mapped });
  },
  simplify: ({ inputs, attrs }) => inputs.slice(attrs.count),
};

/**
 * `f` with a gradient of your own.
 * @param f function of trees of Tensors
 * @param backward gets the cotangent (a tree like f's value), the arguments and the value; returns one tree per
 *   argument (undefined: no gradient). It may be any function, e.g. one that clips what comes in.
 * @returns a function like `f`. Tensors that `f` closes over get no gradient: pass them as arguments.
 */
export function customGradient<Args extends unknown[], Out>(
  f: (...args: Args) => Out,
  backward: (cotangent: Out, args: Args, out: Out) => { [K in keyof Args]: Args[K] | undefined },
): (...args: Args) => Out {
  return (...args) => {
    const { leaves, def } = tensorLeaves("customGradient", args);
    const value = tensorLeaves("customGradient: the function's value", f(...args));
    const flat: Backward = (cts, xs, ys) => {
      const grads = backward(value.def.build(cts) as Out, def.build(xs) as Args, value.def.build(ys) as Out);
      return args.flatMap((arg, i) => {
        const like = flattenTree(arg);
        if (grads[i] === undefined) return like.leaves.map(() => undefined);
        return (matchTree("customGradient: the gradient", like.def, grads[i]) as Tensor[]).map((g, k) => {
          const want = (like.leaves[k] as Tensor).shape;
          if (!sameShape(g.shape, want)) {
            throw new ShapeError({
              where: "customGradient: the gradient",
              want: showShape(want),
              got: showShape(g.shape),
            });
          }
          return g;
        });
      });
    };
    return value.def.build(
      apply(customOp, [...leaves, ...value.leaves], { count: leaves.length, backward: flat }),
    ) as Out;
  };
}

/**
 * `f` whose intermediate values are computed again in the backward pass instead of being kept: memory for time. The
 * recomputation sits in a one-step loop, which no common-subexpression pass looks into. What `f` closes over is
 * differentiated, too.
 * @throws GradientError if `f` gives no Tensor
 */
export function checkpoint<Args extends unknown[], Out>(f: (...args: Args) => Out): (...args: Args) => Out {
  return (...args) => {
    const { leaves, def } = tensorLeaves("checkpoint", args);
    const params = leaves.map((t) => placeholder(t.shape, t.dtype));
    const value = tensorLeaves("checkpoint: the function's value", f(...(def.build(params) as Args)));
    if (value.leaves.length === 0)
      throw new GradientError({ where: "checkpoint", want: "a function giving Tensors" });
    const { graph, captured } = close(value.leaves, params);
    const spared = customGradient(
      (list: Tensor[]) => inline(graph, list),
      (cts, [list]) => [recompute(graph, list, cts)],
    );
    return value.def.build(spared([...leaves, ...captured])) as Out;
  };
}

/** Cotangents of a graph's params, its values computed anew in a loop of one step. */
function recompute(graph: Graph, args: readonly Tensor[], cts: readonly Tensor[]): Tensor[] {
  const { ys } = scanTensors({
    carry: [],
    xs: [...cts, ...args].map((t) => expandDims(t, 0)),
    length: 1,
    body: (_, slices) => {
      const [, pullback] = vjp((list: Tensor[]) => inline(graph, list), slices.slice(cts.length));
      return { carry: [], ys: pullback(slices.slice(0, cts.length))[0] };
    },
  });
  return ys.map((t) => squeeze(t, 0));
}
