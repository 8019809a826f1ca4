import { build, flatIndex, type Rules, type Value } from "./value.js";

/** Σⱼ (complex) xⱼ e^(sign·2πijk/n) along `axis`, for one output index without its pair. */
function fourierSum(
  entry: (j: number) => readonly [number, number],
  k: number,
  terms: number,
  n: number,
  sign: number,
): [number, number] {
  let [re, im] = [0, 0];
  for (let j = 0; j < terms; j++) {
    const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const [a, b] = entry(j);
    re += a * c - b * s;
    im += a * s + b * c;
  }
  return [re, im];
}

const pairAt = (z: Value, index: readonly number[]): [number, number] => {
  const at = flatIndex([...index, 0], z.shape);
  return [z.data[at]!, z.data[at + 1]!];
};

export const fourier: Rules = {
  Dft: ([z], { attrs, shapeOf }) => {
    const { axis, n, inverse } = attrs as { axis: number; n: number; inverse: boolean };
    return [
      build(shapeOf(0), (index) => {
        const at = index.slice(0, -1);
        const sum = fourierSum((j) => pairAt(z!, at.with(axis, j)), at[axis]!, n, n, inverse ? 1 : -1);
        return sum[index.at(-1)!]!;
      }),
    ];
  },
  Rfft: ([x], { attrs, shapeOf }) => {
    const { axis, n } = attrs as { axis: number; n: number };
    return [
      build(shapeOf(0), (index) => {
        const at = index.slice(0, -1);
        const real = (j: number): [number, number] => [x!.data[flatIndex(at.with(axis, j), x!.shape)]!, 0];
        return fourierSum(real, at[axis]!, n, n, -1)[index.at(-1)!]!;
      }),
    ];
  },
  RfftAdjoint: ([z], { attrs, shapeOf }) => {
    const { axis, n } = attrs as { axis: number; n: number };
    const terms = z!.shape[axis]!;
    return [
      build(
        shapeOf(0),
        (index) => fourierSum((k) => pairAt(z!, index.with(axis, k)), index[axis]!, terms, n, 1)[0],
      ),
    ];
  },
};
