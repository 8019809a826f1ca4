import { broadcastAt, build, type Rules } from "./value.js";

export const matrix: Rules = {
  MatMul: ([a, b], { attrs, shapeOf }) => {
    const [transA, transB] = [attrs.transA as boolean, attrs.transB as boolean];
    const inner = a!.shape.at(transA ? -2 : -1)!;
    return [
      build(shapeOf(0), (index) => {
        const batch = index.slice(0, -2);
        const [row, column] = [index.at(-2)!, index.at(-1)!];
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const x = broadcastMatrix(a!, batch, transA ? [k, row] : [row, k]);
          const y = broadcastMatrix(b!, batch, transB ? [column, k] : [k, column]);
          sum += x * y;
        }
        return sum * (attrs.alpha as number);
      }),
    ];
  },
};

const broadcastMatrix = (v: Parameters<typeof broadcastAt>[0], batch: number[], at: number[]): number =>
  broadcastAt(v, [...batch, ...at]);
