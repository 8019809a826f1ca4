import { expect, it } from "vitest";
import { fft, irfft, rfft, sort, take, tensor, grad, type Tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";
import { interpret } from "../testing/interpreter.js";

/** Expects what Wasm computes to be what the definition gives. */
async function expectExact(got: Tensor, tolerance: number): Promise<void> {
  const want = interpret([got], new Map(), { exact: true })[0]!.data;
  const scale = Math.max(...Array.from(want, Math.abs));
  const data = await got.data();
  want.forEach((v, i) => expect(Math.abs(v - Number(data[i]))).toBeLessThan(tolerance * scale));
}

// One size for each way: matrix, ONNX's DFT of a power of two, its chirp transform in double.
it.each([12, 1024, 521])("transforms of %i entries run on Wasm", async (n) => {
  for (const dtype of ["float32", "float64"] as const) {
    const tolerance = dtype === "float32" ? 1e-6 : 1e-11;
    await expectExact(fft(genericTensor([2, n, 2], 1, dtype)), tolerance);
    await expectExact(rfft(genericTensor([2, n], 1, dtype)), tolerance);
    await expectExact(irfft(genericTensor([2, Math.floor(n / 2) + 1, 2], 1, dtype), { n }), tolerance);
  }
});

it("sorts, looks up and adds up repeated indices on Wasm", async () => {
  const x = tensor([3, 1, 2]);
  expect(await sort(x).toArray()).toEqual([1, 2, 3]);
  const at = tensor([0, 2, 2], { dtype: "int32" });
  expect(await grad((t: Tensor) => take(t, at).sum())(x).toArray()).toEqual([1, 0, 2]);
});
