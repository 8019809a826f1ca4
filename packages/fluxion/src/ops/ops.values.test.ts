import { describe, it } from "vitest";
import { vjp } from "../core/autodiff.js";
import { isFloat } from "../core/dtypes.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { interpret } from "../testing/interpreter.js";
import { expectAgreement } from "../testing/agree.js";
import { opCases, valueCases } from "../testing/cases/index.js";
import { genericTensor } from "../testing/evaluator.js";

/** A value of its own, not a lazy cast: `t` in another dtype. */
const asDtype = (t: Tensor, dtype: Tensor["dtype"]): Tensor =>
  tensor(Array.from(interpret([t])[0]!.data), { shape: t.shape, dtype });

const list = (out: Tensor | Tensor[]): Tensor[] => (Array.isArray(out) ? out : [out]);

describe("value and pullback against the interpreter", () => {
  for (const [name, cases] of Object.entries(opCases)) {
    it(name, { timeout: 30_000 }, async () => {
      for (const { f, at, engine } of cases) {
        for (const dtype of engine ? (["float32"] as const) : (["float32", "float64"] as const)) {
          const args = at.map((t) => asDtype(t, dtype));
          await expectAgreement((xs) => {
            const [value, pullback] = vjp((ys: Tensor[]) => list(f(...ys)), xs);
            const cts = value.map((t, i) => genericTensor(t.shape, 50 + i, t.dtype));
            return isFloat(value[0]!.dtype) ? [...value, ...pullback(cts)[0]] : value;
          }, args);
        }
      }
    });
  }
});

describe("values in every dtype against the interpreter", () => {
  for (const [name, cases] of Object.entries(valueCases)) {
    for (const dtype of new Set(cases.flatMap((c) => c.dtypes))) {
      it(`${name}, ${dtype}`, async () => {
        for (const { f, at, dtypes } of cases) {
          if (!dtypes.includes(dtype)) continue;
          await expectAgreement(
            (xs) => list(f(...xs)),
            at.map((t) => asDtype(t, dtype)),
          );
        }
      });
    }
  }
});
