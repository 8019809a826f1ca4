// Handwritten digits at 8 x 8, as the small benches use them.
import { loadDataset, type ArrayData } from "fluxion/data";

const [side, box, margin] = [8, 20, 4];
// A cell is 2.5 pixels wide: the pixels at its ends count by the part that they share with it.
const weights = Array.from({ length: side }, (_, cell) =>
  Array.from({ length: box }, (_, pixel) => {
    const [from, to] = [(cell * box) / side, ((cell + 1) * box) / side];
    return (Math.max(0, Math.min(pixel + 1, to) - Math.max(pixel, from)) * side) / box;
  }),
);

/**
 * The first `count` digits with their labels: the middle 20 × 20 pixels, which a digit fills, averaged over areas to
 * 8 × 8 numbers in [0, 1].
 */
export async function loadDigits8(
  count: number,
): Promise<{ rows: ArrayData<Float64Array>; labels: number[] }> {
  const { images, labels } = await loadDataset("digits");
  const data = new Float64Array(count * side * side);
  for (let n = 0; n < count; n++) {
    for (let cell = 0; cell < side * side; cell++) {
      const [down, across] = [weights[Math.floor(cell / side)]!, weights[cell % side]!];
      let sum = 0;
      for (let i = 0; i < box; i++) {
        for (let j = 0; j < box; j++) {
          const weight = down[i]! * across[j]!;
          if (weight > 0) sum += (weight * images.data[784 * n + 28 * (margin + i) + margin + j]!) / 255;
        }
      }
      data[n * side * side + cell] = sum;
    }
  }
  return { rows: { data, shape: [count, side * side] }, labels: Array.from(labels.data.subarray(0, count)) };
}
