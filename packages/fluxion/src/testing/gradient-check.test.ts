import { expect, it } from "vitest";
import { customGradient } from "../core/custom.js";
import type { Tensor } from "../core/tensor.js";
import { erf, mul, sin } from "../ops/index.js";
import { checkGradient } from "./gradient-check.js";

it("passes a right rule on both engines", async () => {
  await checkGradient(
    (x, y) => mul(sin(x), y),
    [
      [0.3, -1.2],
      [[2], [0.5]],
    ],
  );
  await checkGradient((x) => erf(x), [[0.3, -1.2]], { engine: "interpreter" });
  await checkGradient((x) => erf(x), [[0.3, -1.2]], { dtype: "float32" });
});

it("names the element where a rule is wrong", async () => {
  const wrong = customGradient(
    (x: Tensor) => mul(x, x),
    (ct: Tensor, [x]) => [mul(ct, mul(x, 2.001))],
  );
  await expect(checkGradient((x) => wrong(x), [[[1, 2]]])).rejects.toThrow(
    /gradient: argument 0, element 0: the rule gives .* want/,
  );
});

it("notices a second derivative that is wrong", async () => {
  const frozen = customGradient(
    (x: Tensor) => mul(x, x),
    (ct: Tensor, [x]) => [mul(ct, mul(x.stopGradient(), 2))],
  );
  await checkGradient((x) => frozen(x), [[1, 2]], { second: false });
  await expect(checkGradient((x) => frozen(x), [[1, 2]])).rejects.toThrow(/hvp: argument 0/);
});

it("refuses unknown options", async () => {
  await expect(checkGradient((x) => x, [1], { tolerence: 1 } as object)).rejects.toThrow(/tolerence/);
});
