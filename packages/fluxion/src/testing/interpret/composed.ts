import { broadcastAt, build, type Rules } from "./value.js";

/** Operators that exist only until the simplifier composes them. */
export const composed: Rules = {
  Expm1: ([x]) => [x!.data.map(Math.expm1)],
  Log1p: ([x]) => [x!.data.map(Math.log1p)],
  Atan2: ([y, x], { shapeOf }) => [
    build(shapeOf(0), (index) => {
      const [b, a] = [broadcastAt(y!, index), broadcastAt(x!, index)];
      return a === 0 && b === 0 ? 0 : Math.atan2(b === 0 ? 0 : b, a);
    }),
  ],
};
