import { constant, type Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { flag, input, number, type Call, type Translations } from "../call.js";

/** [B, N, heads·D] as [B, heads, N, D]; what has four axes already stays. */
function heads(t: Tensor, count: number): Tensor {
  if (t.rank === 4) return t;
  const [b, n, width] = t.shape as [number, number, number];
  return t.reshape([b, n, count, width / count]).transpose([0, 2, 1, 3]);
}

/** Keys or values of which every head serves several query heads. */
const shared = (t: Tensor, queries: number): Tensor =>
  t.shape[1] === queries ? t : ops.repeat(t, queries / t.shape[1]!, 1);

/** −∞ where attention is forbidden: of a mask of booleans; the margin of a mask shorter than the keys. */
function asBias(mask: Tensor, keys: number, dtype: Tensor["dtype"]): Tensor {
  const bias =
    mask.dtype === "bool"
      ? ops.where(mask, constant(0, dtype), constant(-Infinity, dtype))
      : mask.cast(dtype);
  const missing = keys - bias.shape[bias.rank - 1]!;
  if (missing <= 0) return bias;
  return ops.pad(
    bias,
    bias.shape.map((_, i): [number, number] => [0, i === bias.rank - 1 ? missing : 0]),
    { value: -Infinity },
  );
}

/** softmax(scale·q·kᵀ + bias)·v by heads, with keys and values of earlier calls in front. */
function attention(call: Call): readonly (Tensor | undefined)[] {
  const flat = input(call, 0).rank === 3;
  const q = heads(input(call, 0), number(call, "q_num_heads", 0));
  const [b, h, n, d] = q.shape as [number, number, number, number];
  const kvHeads = number(call, "kv_num_heads", 0);
  const [pastKey, pastValue] = [call.inputs[4], call.inputs[5]];
  const joined = (t: Tensor, past: Tensor | undefined): Tensor => (past ? ops.concat([past, t], 2) : t);
  const key = joined(heads(input(call, 1), kvHeads), pastKey);
  const value = joined(heads(input(call, 2), kvHeads), pastValue);
  const m = key.shape[2]!;
  const lengths = call.inputs[6];
  const scale = number(call, "scale", 1 / Math.sqrt(d));
  const product = ops.matmul(q.mul(Math.sqrt(scale)), shared(key, h).swapAxes(-1, -2).mul(Math.sqrt(scale)));
  const biases: Tensor[] = [];
  // Queries stand at the end of the past; with given lengths, at the end of what each example has.
  const offset = lengths
    ? lengths.cast("int32").sub(n).reshape([b, 1, 1, 1])
    : constant(pastKey?.shape[2] ?? 0, "int32");
  const ahead = ops.sub(ops.arange(m), ops.arange(n).reshape([n, 1]).add(offset));
  const [left, right] = [number(call, "left_window_size", -1), number(call, "right_window_size", -1)];
  if (flag(call, "is_causal")) biases.push(asBias(ops.lessEqual(ahead, 0), m, product.dtype));
  if (left >= 0) biases.push(asBias(ops.greaterEqual(ahead, -left), m, product.dtype));
  if (right >= 0) biases.push(asBias(ops.lessEqual(ahead, right), m, product.dtype));
  if (lengths)
    biases.push(
      asBias(ops.less(ops.arange(m), lengths.cast("int32").reshape([b, 1, 1, 1])), m, product.dtype),
    );
  if (call.inputs[3]) biases.push(asBias(call.inputs[3], m, product.dtype));
  const bias = biases.length === 0 ? undefined : biases.reduce(ops.add);
  const cap = number(call, "softcap", 0);
  const capped = cap === 0 ? product : ops.tanh(product.div(cap)).mul(cap);
  const scores = bias ? capped.add(bias) : capped;
  // A query that may attend to nothing gets zeros, not the NaN of 0/0.
  const barred = bias && ops.equal(ops.max(bias, -1, { keepDims: true }), -Infinity);
  const safe = barred ? ops.where(barred, ops.zerosLike(scores), scores) : scores;
  const soft = ops.softmax(safe, -1);
  const weights = barred ? ops.where(barred, ops.zerosLike(soft), soft) : soft;
  const y = ops.matmul(weights, shared(value, h));
  const inner = [product, capped, scores, weights];
  const out = flat ? y.transpose([0, 2, 1, 3]).reshape([b, n, -1]) : y;
  return [out.cast(input(call, 0).dtype), key, value, inner[number(call, "qk_matmul_output_mode", 0)]];
}

/** Pairs of features turned by the angles of their position. */
function rotaryEmbedding(call: Call): Tensor {
  const x = input(call, 0);
  const flat = x.rank === 3;
  const t = heads(x, number(call, "num_heads", 0));
  const [b, h, n, d] = t.shape as [number, number, number, number];
  const size = number(call, "rotary_embedding_dim", 0) || d;
  const positions = call.inputs[3];
  const table = (k: number): Tensor => {
    const rows = positions ? ops.take(input(call, k), positions) : input(call, k);
    return rows.narrow(rows.rank - 1, 0, size / 2).reshape([b, 1, n, size / 2]);
  };
  const [cos, sin] = [table(1), table(2)];
  const turned = t.narrow(3, 0, size);
  const pairs = flag(call, "interleaved");
  const [even, odd] = pairs
    ? [turned.slice(null, null, null, [0, null, 2]), turned.slice(null, null, null, [1, null, 2])]
    : ops.split(turned, 2, 3);
  const first = even!.mul(cos).sub(odd!.mul(sin));
  const second = even!.mul(sin).add(odd!.mul(cos));
  const both = pairs
    ? ops.stack([first, second], 4).reshape([b, h, n, size])
    : ops.concat([first, second], 3);
  const whole = size === d ? both : ops.concat([both, t.narrow(3, size, d)], 3);
  return flat ? whole.transpose([0, 2, 1, 3]).reshape(x.shape) : whole;
}

/** Attention as one operator. */
export const attentions: Translations = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
