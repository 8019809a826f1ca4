import { apply, type EmitScope, type Op } from "../node.js";
import { broadcastShapes } from "../shape.js";
import { literalOf, type Tensor } from "../tensor.js";
import { batchElementwise } from "../../ops/batching.js";

/** Rotations of the rounds: groups of four, in turn. */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Parity of the key schedule, so that the all-zero key is no fixed point. */
const parity = 0x1bd11bda;

const word = (scope: EmitScope, value: number): string => scope.literal(Uint32Array.of(value), "uint32", []);

/**
 * Inputs: the key's words k0, k1 and the counter's x0 (high), x1 (low), all uint32, broadcast together; outputs: the two
 * words of the block. One operator, so that graphs stay small until they are written.
 */
const threefryOp: Op = {
  name: "Threefry2x32",
  infer: (inputs) => {
    const shape = broadcastShapes("random", ...inputs.map((t) => t.shape));
    return [
      { shape, dtype: "uint32" },
      { shape, dtype: "uint32" },
    ];
  },
  grad: "none",
  batch: (inputs, batched, attrs) => batchElementwise(threefryOp, inputs, batched, attrs),
  flops: ({ outputs }) => 110 * outputs[0]!.size,
  // Unrolled: a Scan over the rounds loads faster (49 nodes for 126) but runs 1.4 times as long on 512 numbers.
  // A rotation is x·2^r + x>>(32−r): multiplication and addition have faster kernels than a left shift and an or.
  emit(scope, { inputs }, [k0, k1, x0, x1]) {
    const node = (type: string, ...names: string[]): string => scope.node(type, names)[0]!;
    const rotate = (x: string, r: number): string => {
      const [low] = scope.node("BitShift", [x, word(scope, 32 - r)], { direction: "RIGHT" });
      return node("Add", node("Mul", x, word(scope, 2 ** r)), low!);
    };
    const schedule = [k0!, k1!, node("BitwiseXor", node("BitwiseXor", k0!, k1!), word(scope, parity))];
    const high = literalOf(inputs[2]!);
    let a = high?.length === 1 && Number(high[0]) === 0 ? k0! : node("Add", x0!, k0!);
    let b = node("Add", x1!, k1!);
    for (let group = 0; group < 5; group++) {
      for (const r of rotations[group % 2]!) {
        a = node("Add", a, b);
        b = node("BitwiseXor", rotate(b, r), a);
      }
      a = node("Add", a, schedule[(group + 1) % 3]!);
      b = node("Add", b, node("Add", schedule[(group + 2) % 3]!, word(scope, group + 1)));
    }
    return [a, b];
  },
};

/**
 * The block cipher Threefry-2x32 with 20 rounds: two pseudo-random words for a key and a counter.
 * @param key the words k0, k1, uint32, broadcast with the counter
 * @param high high word of the counter, uint32
 * @param low low word of the counter, uint32
 * @returns both words, uint32, in the common shape
 * @source J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, §3.3; deviates: none
 * @internal
 */
export function threefry(key: readonly [Tensor, Tensor], high: Tensor, low: Tensor): [Tensor, Tensor] {
  const [a, b] = apply(threefryOp, [key[0], key[1], high, low], {});
  return [a!, b!];
}
