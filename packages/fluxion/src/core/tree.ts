import { TreeError, ShapeError } from "./errors.js";
import { sameShape } from "./shape.js";
import { Tensor } from "./tensor.js";

/** Plain nested objects and arrays with Tensors at the leaves: parameters, states, batches. */
export type Tree<L = Tensor> = L | readonly Tree<L>[] | { readonly [key: string]: Tree<L> };

/** A tree's form with its leaves taken out; two trees match if their structures have equal `key`s. */
export interface TreeDef {
  readonly key: string;
  readonly paths: readonly string[];
  readonly build: (leaves: readonly unknown[]) => unknown;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as never);

const join = (path: string, key: string): string =>
  /^\d+$/.test(key) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;

/**
 * Leaves of a tree with its structure. Object keys are taken in sorted order, so trees match by key and never by the
 * order of insertion. `undefined` entries of objects are dropped.
 */
export function flattenTree(tree: unknown): { leaves: unknown[]; def: TreeDef } {
  const leaves: unknown[] = [];
  const paths: string[] = [];
  const visit = (
    value: unknown,
    path: string,
  ): { key: string; build: (l: readonly unknown[]) => unknown } => {
    if (Array.isArray(value)) {
      const items = value.map((item, i) => visit(item, join(path, String(i))));
      return { key: `[${items.map((i) => i.key).join(",")}]`, build: (l) => items.map((i) => i.build(l)) };
    }
    if (isPlain(value)) {
      const keys = Object.keys(value)
        .filter((k) => value[k] !== undefined)
        .sort();
      const items = keys.map((k) => visit(value[k], join(path, k)));
      return {
        key: `{${keys.map((k, i) => `${JSON.stringify(k)}:${items[i]!.key}`).join(",")}}`,
        build: (l) => Object.fromEntries(keys.map((k, i) => [k, items[i]!.build(l)])),
      };
    }
    const index = leaves.push(value) - 1;
    paths.push(path);
    return { key: "*", build: (l) => l[index] };
  };
  const { key, build } = visit(tree, "");
  return { leaves, def: { key, paths, build } };
}

/** Leaves of a tree that must all be Tensors. @throws TreeError naming the path of one that is not */
export function tensorLeaves(where: string, tree: unknown): { leaves: Tensor[]; def: TreeDef } {
  const { leaves, def } = flattenTree(tree);
  leaves.forEach((leaf, i) => {
    if (!(leaf instanceof Tensor)) {
      throw new TreeError({
        where: `${where}${def.paths[i] ? ` at ${def.paths[i]}` : ""}`,
        want: "a Tensor",
        got: typeof leaf,
      });
    }
  });
  return { leaves: leaves as Tensor[], def };
}

/** Leaves of `tree`, which must have the structure `def`. @throws TreeError naming the first path that differs */
export function matchTree(where: string, def: TreeDef, tree: unknown): unknown[] {
  const other = flattenTree(tree);
  if (other.def.key === def.key) return other.leaves;
  const missing = def.paths.find((p) => !other.def.paths.includes(p));
  const extra = other.def.paths.find((p) => !def.paths.includes(p));
  throw new TreeError({
    where,
    want: missing === undefined ? "a tree of the same structure" : `a leaf at "${missing}"`,
    got: extra === undefined ? "none" : `one at "${extra}"`,
  });
}

type MapResult<T, R> = T extends Tensor
  ? R
  : T extends readonly unknown[]
    ? { [K in keyof T]: MapResult<T[K], R> }
    : T extends object
      ? { [K in keyof T]: MapResult<T[K], R> }
      : R;

/**
 * Applies `f` to the leaves of `tree` and, matched by key, of `rest`.
 * @param f gets the leaves and the path of the leaf, e.g. `blocks[3].qkv`
 * @throws TreeError if the structures differ
 */
export function treeMap<T, R = Tensor>(
  f: (leaf: Tensor, ...rest: never[]) => R,
  tree: T,
  ...rest: unknown[]
): MapResult<T, R> {
  const { leaves, def } = tensorLeaves("treeMap", tree);
  const others = rest.map((other) => matchTree("treeMap", def, other));
  return def.build(
    leaves.map((leaf, i) => (f as (...a: unknown[]) => R)(leaf, ...others.map((o) => o[i]), def.paths[i])),
  ) as MapResult<T, R>;
}

/** The leaves of a tree with their paths, in key order. */
export function treePaths(tree: unknown): { path: string; leaf: Tensor }[] {
  const { leaves, def } = tensorLeaves("treePaths", tree);
  return leaves.map((leaf, i) => ({ path: def.paths[i]!, leaf }));
}

/** The tensors of a tree, in key order. */
export const treeLeaves = (tree: unknown): Tensor[] => tensorLeaves("treeLeaves", tree).leaves;

/**
 * Throws unless `tree` has the structure, shapes and dtypes of `like`.
 * @throws TreeError, ShapeError with the path: `params.blocks[3].qkv: want [128, 384], got [384, 128]`
 */
export function checkTree(where: string, like: unknown, tree: unknown): void {
  const { leaves, def } = tensorLeaves(where, like);
  (matchTree(where, def, tree) as Tensor[]).forEach((leaf, i) => {
    const want = leaves[i]!;
    const path = `${where}.${def.paths[i]}`;
    if (!(leaf instanceof Tensor)) throw new TreeError({ where: path, want: "a Tensor", got: typeof leaf });
    if (!sameShape(want.shape, leaf.shape) || want.dtype !== leaf.dtype) {
      throw new ShapeError({
        where: path,
        want: `${want.dtype} [${want.shape.join(", ")}]`,
        got: `${leaf.dtype} [${leaf.shape.join(", ")}]`,
      });
    }
  });
}
