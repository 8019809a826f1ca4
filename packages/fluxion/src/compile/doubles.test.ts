import { expect, it } from "vitest";
import { compile, relu, silu, tensor, type Tensor } from "../index.js";
import { expectAgreement } from "../testing/agree.js";
import { genericTensor } from "../testing/evaluator.js";

// Found by random programs: fusions of ONNX Runtime that lose digits of doubles, or fail on them.
it("keeps all digits of a factor of a matrix product", async () => {
  await expectAgreement(
    ([a, b]) => [a!.matmul(b!).mul(0.3), a!.mul(0.7).matmul(b!), a!.matmul(b!).div(3)],
    [genericTensor([2, 3, 4], 1), genericTensor([4, 2], 2)],
  );
});

it("takes relu and clip in a row", async () => {
  const f = compile((x: Tensor) => relu(x.add(0.1)).clip(-0.2, 0.7).mul(2));
  expect(await (await f(tensor([-1, 0.2, 5], { dtype: "float64" }))).toArray()).toEqual([
    0,
    expect.closeTo(0.6, 15),
    1.4,
  ]);
  await f.release();
});

it("takes silu", async () => {
  await expectAgreement(([x]) => [silu(x!), silu(x!.add(0.1)).mul(2)], [genericTensor([2, 3], 1)]);
});
