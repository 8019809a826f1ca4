import { apply, collect, type Node } from "../core/node.js";
import { sizeOf } from "../core/shape.js";
import { literalOf, type Tensor } from "../core/tensor.js";
import { broadcastTo, concat, reshape, split } from "../ops/movement.js";

/** Draws larger than this stay alone: for them the cipher's work counts, not its number of nodes. */
const LARGEST = 2 ** 20;
/** Numbers in one merged draw, so that drawing early does not hold much memory. */
const TOGETHER = 2 ** 22;

const mergeable = (node: Node): boolean => {
  if (node.op.name !== "Threefry2x32" || node.outputs[0]!.size > LARGEST || node.outputs[0]!.size === 0)
    return false;
  const high = literalOf(node.inputs[2]!);
  return high?.length === 1 && Number(high[0]) === 0;
};

/**
 * Random blocks that do not depend on each other computed as one: a block of the cipher is some 120 ONNX nodes
 * whatever its size, so that initialising a network of 50 tensors would otherwise take ten thousand.
 */
export function mergeBlocks(results: readonly Tensor[], params: readonly Tensor[]): Tensor[] {
  const nodes = collect(results, new Set(params));
  if (nodes.filter(mergeable).length < 2) return [...results];
  const stop = new Set(params);
  // A node's level is the number of mergeable blocks on the longest way to it, itself included.
  const levels = new Map<Node, number>();
  for (const node of nodes) {
    let level = mergeable(node) ? 1 : 0;
    for (const t of node.inputs) {
      if (!stop.has(t)) level = Math.max(level, (levels.get(t.node) ?? 0) + (mergeable(node) ? 1 : 0));
    }
    levels.set(node, level);
  }
  const rank = (node: Node): number => 2 * levels.get(node)! + (mergeable(node) ? 0 : 1);
  const image = new Map<Tensor, Tensor>();
  const imageOf = (t: Tensor): Tensor => image.get(t) ?? t;
  let group: Node[] = [];
  let total = 0;
  const flush = (): void => {
    if (group.length > 1) merge(group, imageOf).forEach((outputs, i) => setImages(image, group[i]!, outputs));
    else group.forEach((node) => reapply(node, image));
    [group, total] = [[], 0];
  };
  for (const node of [...nodes].sort((a, b) => rank(a) - rank(b) || a.id - b.id)) {
    if (!mergeable(node)) {
      flush();
      reapply(node, image);
      continue;
    }
    const size = node.outputs[0]!.size;
    if (group.length > 0 && (levels.get(group[0]!) !== levels.get(node) || total + size > TOGETHER)) flush();
    group.push(node);
    total += size;
  }
  flush();
  return results.map(imageOf);
}

const setImages = (image: Map<Tensor, Tensor>, node: Node, outputs: readonly Tensor[]): void =>
  node.outputs.forEach((t, i) => image.set(t, outputs[i]!));

function reapply(node: Node, image: Map<Tensor, Tensor>): void {
  if (!node.inputs.some((t) => image.has(t))) return;
  const inputs = node.inputs.map((t) => image.get(t) ?? t);
  setImages(image, node, apply(node.op, inputs, node.attrs));
}

/** One block over the rows of all: keys and counters spread to every number, the words dealt out again. */
function merge(group: readonly Node[], imageOf: (t: Tensor) => Tensor): Tensor[][] {
  const row = (i: number): Tensor =>
    concat(
      group.map((node) => {
        const { shape } = node.outputs[0]!;
        return reshape(broadcastTo(imageOf(node.inputs[i]!), shape), [sizeOf(shape)]);
      }),
    );
  const words = apply(group[0]!.op, [row(0), row(1), group[0]!.inputs[2]!, row(3)], {});
  const sizes = group.map((node) => node.outputs[0]!.size);
  const [first, second] = words.map((t) => split(t, sizes));
  return group.map(({ outputs }, i) => [
    reshape(first![i]!, outputs[0]!.shape),
    reshape(second![i]!, outputs[1]!.shape),
  ]);
}
