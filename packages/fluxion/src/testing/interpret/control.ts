import type { Graph } from "../../core/node.js";
import { sizeOf, type Shape } from "../../core/shape.js";
import type { Rules, Value } from "./value.js";

/** Slice `t` of an array along its first axis. */
function sliceAt(x: Value, t: number): Value {
  const shape: Shape = x.shape.slice(1);
  const n = sizeOf(shape);
  return { shape, dtype: x.dtype, data: x.data.slice(t * n, (t + 1) * n) };
}

export const control: Rules = {
  Scan: (inputs, { attrs, node, run }) => {
    const [c, m, length] = [attrs.carry as number, attrs.xs as number, attrs.length as number];
    const body = attrs.body as Graph;
    const outputs = node.outputs.map((t) => new Float64Array(t.size));
    let carry = inputs.slice(0, c);
    const put = (output: number, t: number, v: Value): void =>
      outputs[output]!.set(v.data, t * v.data.length);
    for (let step = 0; step < length; step++) {
      const t = attrs.reverse ? length - 1 - step : step;
      const slices = inputs.slice(c, c + m).map((x) => sliceAt(x, t));
      const results = run(body, [...carry, ...slices, ...inputs.slice(c + m)]);
      results.slice(c).forEach((v, i) => put(c + i, t, v));
      carry.forEach((v, i) => put(results.length + i, t, v));
      carry = results.slice(0, c);
    }
    carry.forEach((v, i) => outputs[i]!.set(v.data));
    return outputs;
  },
  If: ([predicate, ...args], { attrs, run }) =>
    run((predicate!.data[0] !== 0 ? attrs.yes : attrs.no) as Graph, args).map((v) => v.data),
  CustomGradient: (inputs, { attrs }) => inputs.slice(attrs.count as number).map((v) => v.data),
};
