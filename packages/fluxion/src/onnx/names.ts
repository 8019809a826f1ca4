import { TreeError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { tensorLeaves } from "../core/tree.js";

/** A tree path as files write it: `blocks[3].qkv` is `blocks.3.qkv`. */
export const pathName = (path: string): string => path.replaceAll(/\[(\d+)\]/g, ".$1").replace(/^\./, "");

/**
 * The tensors of a tree by name.
 * @throws TreeError for a tree that is one bare tensor, or whose keys contain dots so that two leaves share a name
 */
export function namedLeaves(where: string, tree: unknown): Map<string, Tensor> {
  const { leaves, def } = tensorLeaves(where, tree);
  const named = new Map<string, Tensor>();
  leaves.forEach((leaf, i) => {
    const name = pathName(def.paths[i]!);
    if (name === "")
      throw new TreeError({ where, want: "an object or array of tensors", got: "a bare tensor" });
    if (named.has(name))
      throw new TreeError({ where, want: "leaves of distinct names", got: `two named "${name}"` });
    named.set(name, leaf);
  });
  return named;
}

/** A tree of tensors of a file, whose structure its names decide: give a type of your own where you know it. */
export type NamedTree = Readonly<Record<string, unknown>>;

interface Branch<L> {
  readonly children: Map<string, Branch<L> | { leaf: L }>;
}

/**
 * A tree from dotted names, the inverse of `namedLeaves`: levels below the top whose keys are 0 … n−1 become arrays. A
 * name with an empty part, or one that is also a branch of another (`a` beside `a.b`), stays one key.
 */
export function treeFromNames<L = Tensor>(named: Iterable<readonly [string, L]>): NamedTree {
  const entries = [...named];
  const leaves = new Set(entries.map(([name]) => name));
  const root: Branch<L> = { children: new Map() };
  for (const [name, leaf] of entries) {
    let parts = name.split(".");
    const isBranch = (_: string, i: number): boolean => i > 0 && leaves.has(parts.slice(0, i).join("."));
    if (parts.includes("") || parts.length > 64 || parts.some(isBranch)) parts = [name];
    let at = root;
    for (const part of parts.slice(0, -1)) {
      const next = at.children.get(part);
      if (next && "children" in next) at = next;
      else {
        const fresh: Branch<L> = { children: new Map() };
        at.children.set(part, fresh);
        at = fresh;
      }
    }
    at.children.set(parts[parts.length - 1]!, { leaf });
  }
  return Object.fromEntries(entriesOf(root));
}

const entriesOf = <L>(branch: Branch<L>): [string, unknown][] =>
  [...branch.children].map(([key, child]) => [key, "children" in child ? build(child) : child.leaf]);

function build<L>(branch: Branch<L>): unknown {
  const entries = entriesOf(branch);
  const isList = entries.every(([key]) => /^(0|[1-9]\d{0,8})$/.test(key) && Number(key) < entries.length);
  if (isList) return entries.sort((a, b) => Number(a[0]) - Number(b[0])).map(([, value]) => value);
  return Object.fromEntries(entries);
}
