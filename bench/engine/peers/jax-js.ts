// jax-js on its Wasm backend. Every array is used up by the operation it goes into; `.ref` keeps it.
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { Case, DitCase, GptCase, UnetCase } from "../cases.js";
import manifest from "../../package.json" with { type: "json" };
import { generator } from "../random.js";
import { serve, type PeerStep } from "./serve.js";

type A = np.Array;
type Linear = { w: A; b: A };
type Tree = { [name: string]: A | Tree | Tree[] };

const next = generator();
const random = (shape: number[], scale = 1): A =>
  np
    .array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (2 * next() - 1) * scale))
    .reshape(shape);
const integers = (shape: number[], below: number): A =>
  np
    .array(Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.floor(next() * below)))
    .reshape(shape);

const linear = (i: number, o: number): Linear => ({ w: random([i, o], i ** -0.5), b: np.zeros([o]) });
const dense = (p: Linear, x: A): A => np.matmul(x, p.w).add(p.b);
const kernel = (i: number, o: number, side = 3): Linear => ({
  w: random([o, i, side, side], (i * side * side) ** -0.5),
  b: np.zeros([o]),
});
function conv(p: Linear, x: A, stride = 1): A {
  const pad = (p.w.shape[2]! - 1) / 2;
  const [s, w]: [number[], [number, number][]] = [
    [stride, stride],
    [
      [pad, pad],
      [pad, pad],
    ],
  ];
  return lax.convGeneralDilated(x, p.w, s, w).add(p.b.reshape([1, -1, 1, 1]));
}
const meanSquare = (x: A, y: A): A => np.square(x.sub(y)).mean();

const mlp = (sizes: number[]): Linear[] => sizes.slice(1).map((o, i) => linear(sizes[i]!, o));
const applyMlp = (layers: Linear[], x: A): A =>
  layers.reduce((h, p, i) => (i === layers.length - 1 ? dense(p, h) : nn.silu(dense(p, h))), x);

function sinusoidal(t: A, size: number): A {
  const half = size / 2;
  const frequencies = np.array(Float32Array.from({ length: half }, (_, i) => 1000 ** (i / (half - 1))));
  const angle = t.reshape([-1, 1]).mul(frequencies.reshape([1, half]));
  return np.concatenate([np.sin(angle.ref), np.cos(angle)], 1);
}

type Norm = { scale: A; bias: A };
const norm = (size: number): Norm => ({ scale: np.ones([size]), bias: np.zeros([size]) });
const standardized = (x: A): A => nn.standardize(x, -1, { epsilon: 1e-5 });
const layerNorm = (p: Norm, x: A): A => standardized(x).mul(p.scale).add(p.bias);
function groupNorm(p: Norm, x: A, groups: number): A {
  const shape = x.shape;
  const y = standardized(x.reshape([shape[0]!, groups, -1])).reshape(shape);
  return y.mul(p.scale.reshape([1, -1, 1, 1])).add(p.bias.reshape([1, -1, 1, 1]));
}

type Attention = { qkv: Linear; out: Linear };
const attention = (d: number): Attention => ({ qkv: linear(d, 3 * d), out: linear(d, d) });
/** nn.dotProductAttention needs iterator helpers that Node 20 lacks, so the two products are written out. */
function attend(p: Attention, x: A, heads: number, causal: boolean): A {
  const [b, n, d] = x.shape as [number, number, number];
  const [q, k, v] = np
    .split(dense(p.qkv, x), 3, -1)
    .map((t) => np.transpose(t.reshape([b, n, heads, d / heads]), [0, 2, 1, 3]));
  let scores = np.matmul(q!, np.transpose(k!, [0, 1, 3, 2])).mul((d / heads) ** -0.5);
  if (causal) {
    const mask = Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0));
    scores = scores.add(np.array(mask).reshape([n, n]));
  }
  const y = np.transpose(np.matmul(nn.softmax(scores), v!), [0, 2, 1, 3]);
  return dense(p.out, y.reshape([b, n, d]));
}

/** Initial parameters with the loss of one batch. */
type Build = [params: Tree, loss: (params: never) => A];

function dit(c: DitCase, x: A, y: A, t: A): Build {
  const [d, p, g] = [c.width, c.patch, c.side / c.patch];
  const params = {
    patch: linear(p * p, d),
    time: mlp([d, d, d]),
    blocks: Array.from({ length: c.depth }, () => ({
      attention: attention(d),
      up: linear(d, 4 * d),
      down: linear(4 * d, d),
      modulation: linear(d, 6 * d),
    })),
    modulation: linear(d, 2 * d),
    out: linear(d, p * p),
  };
  const positions = random([g * g, d]);
  const parts = (m: A, n: number): A[] => np.split(np.expandDims(m, 1), n, -1);
  const modulate = (h: A, shift: A, scale: A): A => standardized(h).mul(scale.add(1)).add(shift);
  const loss = (q: typeof params): A => {
    const condition = nn.silu(applyMlp(q.time, sinusoidal(t.ref, d)));
    const patches = np.transpose(x.ref.reshape([c.batch, g, p, g, p]), [0, 1, 3, 2, 4]);
    let h = dense(q.patch, patches.reshape([c.batch, g * g, p * p])).add(positions.ref);
    for (const b of q.blocks) {
      const [s1, k1, g1, s2, k2, g2] = parts(dense(b.modulation, condition.ref), 6);
      h = h.ref.add(g1!.mul(attend(b.attention, modulate(h, s1!, k1!), c.heads, false)));
      const hidden = nn.gelu(dense(b.up, modulate(h.ref, s2!, k2!)), { approximate: false });
      h = h.add(g2!.mul(dense(b.down, hidden)));
    }
    const [shift, scale] = parts(dense(q.modulation, condition), 2);
    const tokens = dense(q.out, modulate(h, shift!, scale!)).reshape([c.batch, g, g, p, p]);
    return meanSquare(np.transpose(tokens, [0, 1, 3, 2, 4]).reshape(y.shape), y.ref);
  };
  return [params, loss];
}

function gpt(c: GptCase): Build {
  const d = c.width;
  const params = {
    tokens: random([c.vocabulary, d], 0.02),
    positions: random([c.context, d], 0.02),
    blocks: Array.from({ length: c.depth }, () => ({
      norm1: norm(d),
      attention: attention(d),
      norm2: norm(d),
      up: linear(d, 4 * d),
      down: linear(4 * d, d),
    })),
    norm: norm(d),
  };
  const [x, y] = [0, 1].map(() => integers([c.batch, c.context], c.vocabulary));
  const loss = (q: typeof params): A => {
    let h = np.matmul(nn.oneHot(x!.ref, c.vocabulary), q.tokens.ref).add(q.positions);
    for (const b of q.blocks) {
      h = h.ref.add(attend(b.attention, layerNorm(b.norm1, h), c.heads, true));
      const hidden = nn.gelu(dense(b.up, layerNorm(b.norm2, h.ref)), { approximate: false });
      h = h.add(dense(b.down, hidden));
    }
    const logits = np.matmul(layerNorm(q.norm, h), np.transpose(q.tokens));
    const picked = nn.logSoftmax(logits).mul(nn.oneHot(y!.ref, c.vocabulary));
    return picked.sum().mul(-1 / (c.batch * c.context));
  };
  return [params, loss];
}

function unet(c: UnetCase, x: A, y: A, t: A): Build {
  const { widths, groups } = c;
  const [w0, last, size] = [widths[0]!, widths[widths.length - 1]!, 4 * widths[0]!];
  const block = (i: number, o: number) => ({
    norm1: norm(i),
    conv1: kernel(i, o),
    time: linear(size, 2 * o),
    norm2: norm(o),
    conv2: kernel(o, o),
    ...(i === o ? {} : { skip: kernel(i, o, 1) }),
  });
  const upward = [...widths].reverse();
  const params = {
    time: mlp([w0, size, size]),
    stem: kernel(1, w0),
    down: widths.map((w, i) => block(widths[Math.max(0, i - 1)]!, w)),
    shrink: widths.slice(0, -1).map((w) => kernel(w, w)),
    middle: [block(last, last), block(last, last)],
    up: upward.map((w) => block(2 * w, w)),
    grow: upward.slice(1).map((w, i) => kernel(upward[i]!, w)),
    norm: norm(w0),
    out: kernel(w0, 1),
  };
  type Block = ReturnType<typeof block> & { skip?: Linear };
  const residual = (p: Block, h: A, condition: A): A => {
    const inner = conv(p.conv1, nn.silu(groupNorm(p.norm1, h.ref, groups)));
    const [scale, shift] = np.split(dense(p.time, condition).reshape([c.batch, -1, 1, 1]), 2, 1);
    const z = groupNorm(p.norm2, inner, groups).mul(scale!.add(1)).add(shift!);
    return (p.skip ? conv(p.skip, h) : h).add(conv(p.conv2, nn.silu(z)));
  };
  const loss = (q: typeof params): A => {
    const condition = nn.silu(applyMlp(q.time, sinusoidal(t.ref, w0)));
    let h = conv(q.stem, x.ref);
    const skips: A[] = [];
    q.down.forEach((p, i) => {
      h = residual(p, h, condition.ref);
      skips.push(h.ref);
      if (q.shrink[i]) h = conv(q.shrink[i], h, 2);
    });
    for (const p of q.middle) h = residual(p, h, condition.ref);
    q.up.forEach((p, i) => {
      h = residual(p, np.concatenate([h, skips.pop()!], 1), condition.ref);
      if (q.grow[i]) h = conv(q.grow[i], np.repeat(np.repeat(h, 2, 2), 2, 3));
    });
    condition.dispose();
    return meanSquare(conv(q.out, nn.silu(groupNorm(q.norm, h, groups))), y.ref);
  };
  return [params, loss];
}

function model(c: Case): Build {
  if (c.kind === "mlp") {
    const [x, y] = [0, 1].map(() => random([c.batch, c.size]));
    const layers = mlp([c.size, ...c.hidden, c.size]);
    return [{ layers }, (q: { layers: Linear[] }) => meanSquare(applyMlp(q.layers, x!.ref), y!.ref)];
  }
  if (c.kind === "gpt") return gpt(c);
  const [x, y] = [0, 1].map(() => random([c.batch, 1, c.side, c.side]));
  if (c.kind === "conv") {
    const sizes = [1, ...new Array<number>(c.layers - 1).fill(c.channels), 1];
    const layers = sizes.slice(1).map((o, i) => kernel(sizes[i]!, o));
    const apply = (q: { layers: Linear[] }): A =>
      q.layers.reduce((h, p, i) => (i === c.layers - 1 ? conv(p, h) : nn.relu(conv(p, h))), x!.ref);
    return [{ layers }, (q: { layers: Linear[] }) => meanSquare(apply(q), y!.ref)];
  }
  const t = random([c.batch]);
  return c.kind === "dit" ? dit(c, x!, y!, t) : unet(c, x!, y!, t);
}

const mapTree = tree.map as (f: (...leaves: A[]) => A, first: Tree, ...rest: Tree[]) => Tree;
const leavesOf = tree.leaves as (t: object) => A[];

function build(c: Case): PeerStep {
  const [params, loss] = model(c);
  const zeros = (): Tree => mapTree((p) => np.zeros(p.shape), params);
  let state = { params, m: zeros(), v: zeros(), count: np.array([0]) };
  const gradient = valueAndGrad(loss as (p: Tree) => A) as (p: Tree) => [A, Tree];
  const step = jit((s: typeof state): [A, typeof state] => {
    const [value, grads] = gradient(tree.ref(s.params));
    const count = s.count.add(1);
    const correction = (b: number): A => np.power(b, count.ref).mul(-1).add(1);
    const [c1, c2] = [correction(0.9), correction(0.999)];
    const m = mapTree((a, g) => a.mul(0.9).add(g.mul(0.1)), s.m, tree.ref(grads));
    const v = mapTree((a, g) => a.mul(0.999).add(np.square(g).mul(0.001)), s.v, grads);
    const moved = (p: A, a: A, b: A): A =>
      p.sub(
        a
          .div(c1.ref)
          .div(np.sqrt(b.div(c2.ref)).add(1e-8))
          .mul(1e-3),
      );
    const next = mapTree(moved, s.params, tree.ref(m), tree.ref(v));
    c1.dispose();
    c2.dispose();
    return [value, { params: next, m, v, count }];
  }) as unknown as (s: typeof state) => [A, typeof state];
  return {
    parameters: leavesOf(params).reduce((sum, a) => sum + a.size, 0),
    async run() {
      const [value, after] = step(state);
      state = after;
      await Promise.all(leavesOf(after).map((a) => a.blockUntilReady()));
      const result = (await value.data()) as ArrayLike<number>;
      return result[0]!;
    },
  };
}

await init("wasm");
defaultDevice("wasm");
await serve(`jax-js ${manifest.devDependencies["@jax-js/jax"]}, Wasm`, build);
