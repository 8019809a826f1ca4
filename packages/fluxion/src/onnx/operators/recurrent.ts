import { CompileError } from "../../core/errors.js";
import { scan } from "../../core/scan.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { flag, input, number, numbers, text, type Call, type Translations } from "../call.js";

type Activation = (x: Tensor) => Tensor;

/** The activations of gate `k`, counted over directions. */
function activationOf(call: Call, names: readonly string[], k: number): Activation {
  const name = names[k]!.toLowerCase();
  const setting = (list: string, otherwise: number): number => numbers(call, list)?.[k] ?? otherwise;
  const known: Readonly<Record<string, Activation>> = {
    sigmoid: ops.sigmoid,
    tanh: ops.tanh,
    relu: ops.relu,
    softsign: ops.softsign,
    softplus: ops.softplus,
    leakyrelu: (x) => ops.leakyRelu(x, setting("activation_alpha", 0.01)),
    elu: (x) => ops.elu(x, setting("activation_alpha", 1)),
    affine: (x) => x.mul(setting("activation_alpha", 1)).add(setting("activation_beta", 0)),
    scaledtanh: (x) => ops.tanh(x.mul(setting("activation_beta", 1))).mul(setting("activation_alpha", 1)),
    hardsigmoid: (x) =>
      x.mul(setting("activation_alpha", 0.2)).add(setting("activation_beta", 0.5)).clip(0, 1),
  };
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!found)
    throw new CompileError({
      where: call.type,
      want: `activations of ${Object.keys(known).join(", ")}`,
      got: name,
    });
  const limit = number(call, "clip", 0);
  return limit > 0 ? (x) => found(x.clip(-limit, limit)) : found;
}

/** What one direction of a recurrent network works with; weights already transposed for products from the left. */
interface Direction {
  /** x·Wᵀ plus biases, [T, B, gates·H]. */
  readonly fromInput: Tensor;
  readonly recurrent: Tensor;
  /** Bias of the recurrent part, [gates·H], zero where it could be added to the input's. */
  readonly recurrentBias: Tensor | undefined;
  readonly peepholes: Tensor | undefined;
  readonly activations: readonly Activation[];
  readonly hidden: number;
}

/** New [h, …] from the old one and the input's share of the gates. */
type Cell = (state: Tensor[], fromInput: Tensor, d: Direction) => Tensor[];

const gatesOf = (t: Tensor, hidden: number): Tensor[] => ops.split(t, t.shape[t.rank - 1]! / hidden, -1);

const lstmCell =
  (call: Call): Cell =>
  ([h, c], fromInput, { recurrent, peepholes, activations: [f, g, out], hidden }) => {
    const [i, o, forget, cell] = gatesOf(ops.add(fromInput, ops.matmul(h!, recurrent)), hidden) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [pi, po, pf] = peepholes ? gatesOf(peepholes, hidden) : [];
    const peep = (t: Tensor, p: Tensor | undefined, state: Tensor): Tensor =>
      p ? ops.add(t, ops.mul(p, state)) : t;
    const inputGate = f!(peep(i, pi, c!));
    const forgetGate = flag(call, "input_forget") ? ops.sub(1, inputGate) : f!(peep(forget, pf, c!));
    const next = ops.add(ops.mul(forgetGate, c!), ops.mul(inputGate, g!(cell)));
    return [ops.mul(f!(peep(o, po, next)), out!(next)), next];
  };

const gruCell =
  (call: Call): Cell =>
  ([h], fromInput, { recurrent, recurrentBias, activations: [f, g], hidden }) => {
    const [rz, rr, rh] = [0, 1, 2].map((k) => recurrent.narrow(1, k * hidden, (k + 1) * hidden)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const [xz, xr, xh] = gatesOf(fromInput, hidden) as [Tensor, Tensor, Tensor];
    const [bz, br, bh] = (recurrentBias ? gatesOf(recurrentBias, hidden) : []) as (Tensor | undefined)[];
    const biased = (t: Tensor, b: Tensor | undefined): Tensor => (b ? ops.add(t, b) : t);
    const z = f!(ops.add(xz, biased(ops.matmul(h!, rz), bz)));
    const r = f!(ops.add(xr, biased(ops.matmul(h!, rr), br)));
    const recalled = flag(call, "linear_before_reset")
      ? ops.mul(r, biased(ops.matmul(h!, rh), bh))
      : biased(ops.matmul(ops.mul(r, h!), rh), bh);
    const candidate = g!(ops.add(xh, recalled));
    return [ops.add(ops.mul(ops.sub(1, z), candidate), ops.mul(z, h!))];
  };

const rnnCell: Cell = ([h], fromInput, { recurrent, activations: [f] }) => [
  f!(ops.add(fromInput, ops.matmul(h!, recurrent))),
];

interface Kind {
  readonly gates: number;
  readonly activations: readonly string[];
  /** Input numbers of the initial states. */
  readonly states: readonly number[];
  /** Whether both biases may be added before the recurrent product. */
  readonly oneBias: boolean;
  readonly cell: (call: Call) => Cell;
}

const kinds: Readonly<Record<string, Kind>> = {
  LSTM: { gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"], states: [5, 6], oneBias: true, cell: lstmCell },
  GRU: { gates: 3, activations: ["Sigmoid", "Tanh"], states: [5], oneBias: false, cell: gruCell },
  RNN: { gates: 1, activations: ["Tanh"], states: [5], oneBias: true, cell: () => rnnCell },
};

/** One direction over the whole sequence: states per step [T, B, H] of h, and the last states. */
function unroll(
  call: Call,
  kind: Kind,
  d: Direction,
  initial: Tensor[],
  lengths: Tensor | undefined,
  backward: boolean,
): { all: Tensor; last: Tensor[] } {
  const cell = kind.cell(call);
  const steps = d.fromInput.shape[0]!;
  const step = (state: Tensor[], [x, t]: Tensor[]): [Tensor[], Tensor] => {
    const next = cell(state, x!, d);
    if (!lengths) return [next, next[0]!];
    // Past the end of an example its state stays and its output is zero.
    const inside = ops.less(t!, lengths).reshape([-1, 1]);
    const held = next.map((s, i) => ops.where(inside, s, state[i]!));
    return [held, ops.where(inside, next[0]!, ops.zerosLike(next[0]!))];
  };
  if (steps === 1) {
    const [last, y] = step(initial, [d.fromInput.slice(0), ops.zeros([], { dtype: "int32" })]);
    return { all: ops.expandDims(y, 0), last };
  }
  const [last, all] = scan(step, initial, [d.fromInput, ops.arange(steps)], { reverse: backward });
  return { all, last };
}

function recurrent(call: Call): readonly Tensor[] {
  const kind = kinds[call.type]!;
  const batchFirst = flag(call, "layout");
  const x = batchFirst ? input(call, 0).transpose([1, 0, 2]) : input(call, 0);
  const [w, r, bias, lengths] = [input(call, 1), input(call, 2), call.inputs[3], call.inputs[4]];
  const hidden = r.shape[2]!;
  const directions = w.shape[0]!;
  const direction = text(call, "direction", "forward");
  const given = call.attributes.get("activations") as readonly string[] | undefined;
  const names = given ?? Array.from({ length: directions }, () => kind.activations).flat();
  const results = Array.from({ length: directions }, (_, k) => {
    const own = kind.activations.map((_a, i) => activationOf(call, names, k * kind.activations.length + i));
    const [wb, rb] = bias ? ops.split(bias.slice(k), 2) : [];
    const shared = wb && rb && kind.oneBias ? ops.add(wb, rb) : wb;
    const product = ops.matmul(x, w.slice(k).transpose());
    const d: Direction = {
      fromInput: shared ? ops.add(product, shared) : product,
      recurrent: r.slice(k).transpose(),
      recurrentBias: kind.oneBias ? undefined : rb,
      peepholes: call.type === "LSTM" ? call.inputs[7]?.slice(k) : undefined,
      activations: own,
      hidden,
    };
    const initial = kind.states.map((place) => {
      const state = call.inputs[place];
      if (!state) return ops.zeros([x.shape[1]!, hidden], { dtype: x.dtype });
      return batchFirst ? state.slice(null, k) : state.slice(k);
    });
    return unroll(call, kind, d, initial, lengths?.cast("int32"), direction === "reverse" || k === 1);
  });
  const y = ops.stack(
    results.map((s) => s.all),
    1,
  );
  const last = kind.states.map((_, i) =>
    ops.stack(
      results.map((s) => s.last[i]!),
      batchFirst ? 1 : 0,
    ),
  );
  return [batchFirst ? y.transpose([2, 0, 1, 3]) : y, ...last];
}

/** Recurrent networks. */
export const recurrents: Translations = { LSTM: recurrent, GRU: recurrent, RNN: recurrent };
