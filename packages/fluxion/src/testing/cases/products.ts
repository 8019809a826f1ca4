import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { any, type OpCase, type OpCases } from "./op-case.js";

const sum = (equation: string, ...shapes: number[][]): OpCase => ({
  f: (...xs) => ops.einsum(equation, ...xs),
  at: shapes.map((shape, i) => any(shape, i + 1)),
});

const pairs = any([3, 5, 2]);
const on = (...fs: ((z: Tensor) => Tensor)[]): OpCase[] => fs.map((f) => ({ f: (z) => f(z), at: [pairs] }));

/** Einstein sums and Fourier transforms. */
export const productCases: OpCases = {
  einsum: [
    sum("ij,jk->ik", [2, 3], [3, 4]),
    sum("ij,jk->ki", [2, 3], [3, 4]),
    sum("ji,kj", [3, 2], [4, 3]),
    sum("bhqd,bhkd->bhqk", [2, 2, 2, 3], [2, 2, 3, 3]),
    sum("bqhd,bkhd->bhqk", [2, 2, 2, 3], [2, 3, 2, 3]),
    sum("...ij,...jk->...ik", [2, 1, 2, 3], [3, 3, 2]),
    sum("i...->...", [2, 3]),
    sum("ii", [3, 3]),
    sum("iij->j", [3, 3, 2]),
    sum("ii->i", [3, 3]),
    sum("ij->ji", [2, 3]),
    sum("i,j->ij", [2], [3]),
    sum("i,i", [3], [3]),
    sum("bi,bi->b", [2, 3], [2, 3]),
    sum("ij,jk,kl->il", [2, 3], [3, 2], [2, 3]),
    sum("i,ij,j->", [2], [2, 3], [3]),
    sum("ij,ij->i", [1, 3], [2, 3]),
    sum("a,ab,abc->abc", [2], [2, 3], [2, 3, 2]),
    sum("ij,kl->k", [2, 3], [2, 3]),
    sum("->", []),
    sum(",ij->j", [], [2, 3]),
  ],
  fft: on(
    (z) => ops.fft(z),
    (z) => ops.fft(z, { axis: 0, norm: "ortho" }),
    (z) => ops.fft(z, { n: 4, norm: "forward" }),
    (z) => ops.fft(z, { n: 7 }),
  ),
  ifft: on(
    (z) => ops.ifft(z),
    (z) => ops.ifft(z, { axis: 0, norm: "forward" }),
  ),
  rfft: [
    { f: (x) => ops.rfft(x), at: [any([2, 5])] },
    { f: (x) => ops.rfft(x, { axis: 0, norm: "ortho" }), at: [any([4, 3])] },
    { f: (x) => ops.rfft(x), at: [any([1])] },
  ],
  irfft: on(
    (z) => ops.irfft(z),
    (z) => ops.irfft(z, { n: 9 }),
    (z) => ops.irfft(z, { axis: 0, norm: "ortho" }),
    (z) => ops.irfft(z, { n: 3, norm: "forward" }),
  ),
  fft2: on((z) => ops.fft2(z)),
  ifft2: on((z) => ops.ifft2(z, { axes: [0, 1], norm: "ortho" })),
  fftShift: on(
    (z) => ops.fftShift(z),
    (z) => ops.fftShift(z, { complex: false, axes: 1 }),
  ),
  ifftShift: on((z) => ops.ifftShift(z, { axes: [1] })),
};
