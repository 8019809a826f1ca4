import { vjp } from "./autodiff.js";
import { isFloat } from "./dtypes.js";
import { DtypeError, ShapeError, TreeError } from "./errors.js";
import { apply, type Graph, type Op } from "./node.js";
import { close, inline } from "./closed-graph.js";
import { sameShape, showShape } from "./shape.js";
import { placeholder, type Tensor } from "./tensor.js";
import { tensorLeaves, type TreeDef } from "./tree.js";
import { batchFunction } from "./vmap.js";
import { zerosLike } from "../ops/create.js";
import { broadcastTo, reshape } from "../ops/movement.js";
import { where } from "../ops/compare.js";

/** Inputs: predicate, then what the branches use. */
type IfAttrs = { yes: Graph; no: Graph };

const ifOp: Op<IfAttrs> = {
  name: "If",
  infer: (_, { yes, no }) =>
    yes.results.map((t, i) => {
      const other = no.results[i]!;
      if (!sameShape(t.shape, other.shape) || t.dtype !== other.dtype) {
        throw new ShapeError({
          where: `cond: value ${i}`,
          want: `${t.dtype} ${showShape(t.shape)} from both branches`,
          got: `${other.dtype} ${showShape(other.shape)}`,
        });
      }
      return { shape: t.shape, dtype: t.dtype };
    }),
  grad({ inputs, attrs, outputs }, cts) {
    const [predicate, ...args] = inputs;
    const given = outputs.map((t, i) => cts[i] ?? zerosLike(t));
    const floats = args.flatMap((t, i) => (isFloat(t.dtype) ? [i] : []));
    const branch =
      (graph: Graph) =>
      (list: Tensor[]): Tensor[] => {
        const [, pullback] = vjp((xs: Tensor[]) => inline(graph, xs), list.slice(0, args.length));
        const [grads] = pullback(list.slice(args.length));
        return floats.map((i) => grads[i]!);
      };
    const grads = ifTensors(predicate!, [...args, ...given], branch(attrs.yes), branch(attrs.no));
    const out: (Tensor | undefined)[] = inputs.map(() => undefined);
    floats.forEach((i, k) => (out[i + 1] = grads[k]));
    return out;
  },
  batch(inputs, batched, { yes, no }, size) {
    const [predicate, ...args] = inputs;
    const flags = batched.slice(1);
    const run =
      (graph: Graph) =>
      (list: readonly Tensor[]): Tensor[] =>
        batchFunction((xs) => inline(graph, xs), list, flags, size);
    if (!batched[0]) return ifTensors(predicate!, args, run(yes), run(no));
    // A predicate per example: both branches are computed and chosen from.
    const other = run(no)(args);
    return run(yes)(args).map((t, i) => {
      const mask = reshape(predicate!, [size, ...t.shape.slice(1).map(() => 1)]);
      return where(broadcastTo(mask, t.shape), t, other[i]!);
    });
  },
  emit(scope, { attrs: { yes, no }, outputs }, names) {
    const bind = (graph: Graph): unknown =>
      scope.graph(
        { params: [], results: graph.results },
        new Map(graph.params.map((t, i) => [t, names[i + 1]!])),
      );
    return scope.node(
      "If",
      [names[0]!],
      { then_branch: bind(yes), else_branch: bind(no) },
      { outputs: outputs.length },
    );
  },
};

/** Both branches get placeholders for `args`, so that each branch's work stays in its branch. */
function ifTensors(
  predicate: Tensor,
  args: readonly Tensor[],
  yes: (args: Tensor[]) => Tensor[],
  no: (args: Tensor[]) => Tensor[],
): Tensor[] {
  const params = args.map((t) => placeholder(t.shape, t.dtype));
  const results = [yes(params), no(params)] as const;
  const { graph, captured } = close([...results[0], ...results[1]], params);
  const split = results[0].length;
  return apply(ifOp, [predicate, ...args, ...captured], {
    yes: { params: graph.params, results: graph.results.slice(0, split) },
    no: { params: graph.params, results: graph.results.slice(split) },
  });
}

/**
 * Runs one of two branches, decided at run time inside the graph (ONNX If); differentiable.
 * @param predicate bool scalar
 * @param yes function of `args`, as `no`; both give trees of the same structure, shapes and dtypes. What a branch is to
 *   compute only when taken must depend on `args`; work on closed-over tensors alone is done before the choice.
 * @throws DtypeError, ShapeError, TreeError
 */
export function cond<Args extends unknown[], Out>(
  predicate: Tensor,
  yes: (...args: Args) => Out,
  no: (...args: Args) => Out,
  ...args: Args
): Out {
  if (predicate.dtype !== "bool" || predicate.rank !== 0) {
    throw new DtypeError({ where: "cond", want: "a bool scalar", got: String(predicate) });
  }
  const { leaves, def } = tensorLeaves("cond", args);
  let outDef: TreeDef | undefined;
  const branch =
    (f: (...a: Args) => Out) =>
    (list: Tensor[]): Tensor[] => {
      const out = tensorLeaves("cond: a branch's value", f(...(def.build(list) as Args)));
      if (outDef && outDef.key !== out.def.key)
        throw new TreeError({ where: "cond", want: "branches of one structure", got: "two" });
      outDef = out.def;
      return out.leaves;
    };
  const outputs = ifTensors(predicate, leaves, branch(yes), branch(no));
  return outDef!.build(outputs) as Out;
}
