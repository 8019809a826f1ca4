import { describe, expect, it } from "vitest";
import { decode } from "../core/dtypes.js";
import { compile, evaluate, grad, tensor, vjp, vmap, type Tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";
import * as ops from "./index.js";

const pairs = [
  [1, 2],
  [-1, 0.5],
  [3, -1],
  [0, 0],
  [2, 2],
  [-0.5, -1],
];
const z = tensor(pairs, { dtype: "float64" });
const near = (rows: number[][], digits = 12): number[][] =>
  rows.map((row) => row.map((v) => expect.closeTo(v, digits) as number));
const complex = (rows: number[][]): Tensor => tensor(rows, { dtype: "float64" });

/** Σⱼ xⱼ e^(sign·2πijk/n) of pairs, by its definition in double. */
function naive(x: Float64Array, sign: number): Float64Array {
  const n = x.length / 2;
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      out[2 * k]! += x[2 * j]! * c - x[2 * j + 1]! * s;
      out[2 * k + 1]! += x[2 * j]! * s + x[2 * j + 1]! * c;
    }
  }
  return out;
}

const numbers = async (t: Tensor): Promise<Float64Array> => decode(await t.data(), t.dtype);

/** Largest difference relative to the largest value. */
async function errorOf(got: Tensor, want: Float64Array): Promise<number> {
  const data = await numbers(got);
  expect(data.length).toBe(want.length);
  return want.reduce((e, v, i) => Math.max(e, Math.abs(v - data[i]!)), 0) / Math.max(...want.map(Math.abs));
}

describe("NumPy's numbers", () => {
  it("fft, ifft and their norms", async () => {
    expect(await ops.fft(z).toArray()).toEqual(
      near([
        [4.5, 2.5],
        [-3.549038105676658, 0.8169872981077808],
        [3.1471143170299736, 3.049038105676658],
        [7.5, 3.5],
        [-4.647114317029974, 0.450961894323342],
        [-0.9509618943233411, 1.6830127018922192],
      ]),
    );
    expect(await ops.ifft(z, { norm: "ortho" }).slice([0, 2]).toArray()).toEqual(
      near([
        [1.8371173070873839, 1.0206207261596576],
        [-0.38822856765378116, 0.6870870583764657],
      ]),
    );
    expect(await ops.fft(z, { n: 4, norm: "forward" }).toArray()).toEqual(
      near([
        [0.75, 0.375],
        [-0.375, 1],
        [1.25, 0.125],
        [-0.625, 0.5],
      ]),
    );
  });
  it("rfft and irfft, even and odd", async () => {
    const r = tensor([1, -2, 3, 0.5, -1.5], { dtype: "float64" });
    expect(await ops.rfft(r).toArray()).toEqual(
      near([
        [1, 0],
        [-2.913118960624632, -0.9939348725836061],
        [4.913118960624632, 2.6715339168841203],
      ]),
    );
    const first = complex(pairs.slice(0, 3));
    const [even, odd, long] = [
      [0.5, -0.75, 1.5, -0.25],
      [5, -4.2476219667097865, 1.9822376701167994, 6.96203423988236, -4.696649943289373],
      [
        0.625, 0.1098349570550447, -0.75, -0.03661165235168154, 1.125, 0.6401650429449552, -0.5,
        -0.21338834764831846,
      ],
    ].map((row) => near([row])[0]!);
    expect(await ops.irfft(first).toArray()).toEqual(even);
    expect(await ops.irfft(first, { n: 5, norm: "forward" }).toArray()).toEqual(odd);
    expect(await ops.irfft(first, { n: 8 }).toArray()).toEqual(long);
  });
  it("fft2 and the shifts", async () => {
    const grid = ops.stack([ops.arange(6).reshape([2, 3]).cast("float64"), ops.ones([2, 3])], -1);
    expect(await ops.fft2(grid).reshape([6, 2]).toArray()).toEqual(
      near([
        [15, 6],
        [-3, 1.7320508075688772],
        [-3, -1.7320508075688772],
        [-9, 0],
        [0, 0],
        [0, 0],
      ]),
    );
    const real = { complex: false };
    expect(await ops.fftShift(ops.arange(5), real).toArray()).toEqual([3, 4, 0, 1, 2]);
    expect(await ops.ifftShift(ops.arange(5), real).toArray()).toEqual([2, 3, 4, 0, 1]);
    expect(await ops.fftShift(ops.arange(6).reshape([2, 3]), real).toArray()).toEqual([
      [5, 3, 4],
      [2, 0, 1],
    ]);
    expect(await ops.fftShift(complex(pairs.slice(0, 3))).toArray()).toEqual([
      [3, -1],
      [1, 2],
      [-1, 0.5],
    ]);
  });
});

describe("every size", () => {
  const small = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 28, 97, 255, 256];
  // Beyond the matrices: powers of two by ONNX's DFT, others by it in double; 509 is prime and within, 521 beyond.
  const large = [257, 509, 512, 513, 521, 1024];

  it.each([
    ["float32", 3e-6],
    ["float64", 1e-12],
  ] as const)(
    "is exact in %s, forward, inverse and real",
    async (dtype, tolerance) => {
      for (const n of [...small, ...large]) {
        const x = genericTensor([n, 2], n, dtype);
        const forward = naive(await numbers(x), -1);
        const real = genericTensor([n], n, dtype);
        const spectrum = naive(await numbers(ops.stack([real, real.zerosLike()], -1)), -1);
        const half = spectrum.slice(0, 2 * (Math.floor(n / 2) + 1));
        const values = await evaluate({
          fft: ops.fft(x),
          ifft: ops.ifft(x, { norm: "forward" }),
          rfft: ops.rfft(real),
          irfft: ops.irfft(tensor(Array.from(half), { dtype, shape: [half.length / 2, 2] }), { n }),
        });
        expect(await errorOf(values.fft, forward), `fft ${n}`).toBeLessThan(tolerance);
        expect(await errorOf(values.ifft, naive(await numbers(x), 1)), `ifft ${n}`).toBeLessThan(tolerance);
        expect(await errorOf(values.rfft, half), `rfft ${n}`).toBeLessThan(tolerance);
        expect(await errorOf(values.irfft, await numbers(real)), `irfft ${n}`).toBeLessThan(tolerance);
      }
    },
    30_000,
  );

  it("comes back from its inverse and keeps the energy when orthonormal", async () => {
    for (const n of [6, 97, 300, 521]) {
      const x = genericTensor([n, 2], 3, "float32");
      const y = ops.fft(x, { norm: "ortho" });
      const round = ops.ifft(y, { norm: "ortho" });
      expect(await round.sub(x).abs().max().item()).toBeLessThan(1e-6);
      expect(await y.square().sum().div(x.square().sum()).item()).toBeCloseTo(1, 5);
      const real = genericTensor([n], 4, "float32");
      expect(await ops.irfft(ops.rfft(real), { n }).sub(real).abs().max().item()).toBeLessThan(1e-6);
    }
  });

  it("takes other axes and half precision", async () => {
    for (const n of [10, 521, 1024]) {
      const x = genericTensor([n, 2, 2], 5);
      const column = naive(await numbers(x.slice(null, 1)), -1);
      expect(await errorOf(ops.fft(x, { axis: 0 }).slice(null, 1), column)).toBeLessThan(1e-12);
    }
    const x = genericTensor([8, 2], 5, "float32").cast("float16");
    const half = ops.fft(x);
    expect(half.dtype).toBe("float16");
    expect(await errorOf(half, naive(await numbers(x), -1))).toBeLessThan(1e-3);
  });
});

describe("gradients", () => {
  it("beyond the matrices are the adjoint transforms: ⟨u, F v⟩ = ⟨Fᵀ u, v⟩", async () => {
    for (const n of [521, 1024]) {
      const transforms: [(x: Tensor) => Tensor, number[]][] = [
        [(x) => ops.fft(x), [n, 2]],
        [(x) => ops.ifft(x), [n, 2]],
        [(x) => ops.rfft(x), [n]],
        [(x) => ops.irfft(x, { n }), [Math.floor(n / 2) + 1, 2]],
      ];
      for (const [f, shape] of transforms) {
        const v = genericTensor(shape, 1);
        const [y, pullback] = vjp(f, v);
        const u = genericTensor(y.shape, 2);
        const [left, right] = [ops.dot(u, y), ops.dot(pullback(u)[0], v)];
        expect(await left.sub(right).abs().item()).toBeLessThan(1e-10 * n);
      }
    }
  });
  it("learn a spectrum: the derivative of its power", async () => {
    const power = (x: Tensor): Tensor => ops.rfft(x).square().sum();
    // Parseval for odd n: the half spectrum holds (n·Σx² + (Σx)²)/2.
    const x = tensor([1, 2, 4], { dtype: "float64" });
    expect(await grad(power)(x).toArray()).toEqual(near([[3 + 7, 6 + 7, 12 + 7]])[0]);
  });
});

describe("in programs", () => {
  it("maps over examples on any axis", async () => {
    const x = genericTensor([4, 3, 6, 2], 9);
    const mapped = vmap((t: Tensor) => ops.fft(t, { axis: 0 }))(x);
    expect(
      await mapped
        .sub(ops.fft(x, { axis: 1 }))
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-12);
    const real = genericTensor([4, 521], 9);
    const rows = vmap((t: Tensor) => ops.rfft(t))(real);
    expect(await rows.sub(ops.rfft(real)).abs().max().item()).toBeLessThan(1e-10);
  });
  it("convolves circularly", async () => {
    const convolve = compile((a: Tensor, b: Tensor) => {
      const [x, y] = [ops.rfft(a), ops.rfft(b)];
      const [xr, xi] = [x.slice(null, 0), x.slice(null, 1)];
      const [yr, yi] = [y.slice(null, 0), y.slice(null, 1)];
      const product = ops.stack([xr.mul(yr).sub(xi.mul(yi)), xr.mul(yi).add(xi.mul(yr))], -1);
      return ops.irfft(product, { n: 5 });
    });
    const out = await convolve(tensor([1, 2, 3, 4, 5]), tensor([0, 1, 0, 0, 1]));
    expect(await out.toArray()).toEqual(near([[7, 4, 6, 8, 5]], 5)[0]);
    await convolve.release();
  });
});

describe("bad input", () => {
  it("is refused by name", () => {
    const x = genericTensor([4, 3], 1);
    expect(() => ops.fft(x)).toThrow("ops.fft: want a trailing axis of 2: (real, imaginary), got [4, 3]");
    expect(() => ops.fft(tensor([1, 2]))).toThrow("trailing axis of 2");
    expect(() => ops.rfft(tensor([1, 2], { dtype: "int32" }))).toThrow("want floats, got int32");
    expect(() => ops.fft(z, { axis: 1 })).toThrow("want an axis in [-1, 1), got 1");
    expect(() => ops.fft(z, { n: 0 })).toThrow("a whole length n ≥ 1");
    expect(() => ops.fft(z, { norm: "none" as "ortho" })).toThrow("got none");
    expect(() => ops.fft(z, { size: 4 } as object)).toThrow('got option "size"');
    expect(() => ops.irfft(complex([[1, 0]]))).toThrow("give n");
    expect(() => ops.fft(ops.zeros([0, 2]))).toThrow("at least one entry");
    expect(() => ops.fft2(z)).toThrow("want an axis in [-1, 1), got -2");
  });
});
