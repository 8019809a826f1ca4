import { rowLength, type ArrayData } from "../data/array-data.js";
import { gatherRows } from "../data/batches.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { sameShape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import type { FlowBatch } from "./coupling.js";

/** What a flow is trained on: rows of data, with conditions if there are any. */
export interface FlowData {
  /** float [N, ...], for images usually in [−1, 1] (`toSigned`) */
  readonly x1: ArrayData<Float32Array>;
  /** [N, ...]: class numbers, or whatever the model takes as its condition */
  readonly cond?: ArrayData;
}

/** Rows of sources and data that belong together: never to be dealt out anew. */
export interface FlowPairs extends FlowData {
  /** float, as x1 */
  readonly x0: ArrayData<Float32Array>;
  /** float32 [N, 2]: the interval of times that a pair stands for. Default [0, 1]. */
  readonly span?: ArrayData<Float32Array>;
}

/** Which rows of `data`, as Tensors. */
export function rowsOf(data: FlowData & Partial<FlowPairs>, indices: ArrayLike<number>): FlowBatch {
  const rows = (array: ArrayData): Tensor => {
    const part = gatherRows(array, indices);
    return tensor(part.data, { shape: part.shape });
  };
  return {
    x1: rows(data.x1),
    ...(data.x0 ? { x0: rows(data.x0) } : {}),
    ...(data.cond ? { cond: rows(data.cond) } : {}),
    ...(data.span ? { span: rows(data.span) } : {}),
  };
}

/** @throws ShapeError, OptionError unless all arrays are filled and have as many rows as x1 @internal */
export function checkFlowData(where: string, data: FlowData & Partial<FlowPairs>): void {
  rowLength(`${where}: x1`, data.x1);
  for (const [name, array] of Object.entries({ x1: data.x1, x0: data.x0 })) {
    if (!array || array.data instanceof Float32Array) continue;
    const got = (array.data as ArrayLike<number>).constructor.name;
    throw new OptionError({
      where: `${where}: ${name}`,
      want: "float32 rows",
      got,
      hint: "see data.toSigned",
    });
  }
  const { x0, cond, span, x1 } = data;
  if (x0) rowLength(`${where}: x0`, x0);
  if (cond) rowLength(`${where}: cond`, cond);
  const rows = x1.shape[0]!;
  if (rows === 0) throw new ShapeError({ where: `${where}: x1`, want: "at least one row", got: "none" });
  if (x0 && !sameShape(x0.shape, x1.shape)) {
    const [want, got] = [x1, x0].map((a) => `[${a.shape.join(", ")}]`);
    throw new ShapeError({ where: `${where}: x0`, want: want!, got: got! });
  }
  if (cond && cond.shape[0] !== rows) {
    throw new ShapeError({ where: `${where}: cond`, want: `${rows} rows`, got: String(cond.shape[0]) });
  }
  if (span && !sameShape(span.shape, [rows, 2])) {
    const got = `[${span.shape.join(", ")}]`;
    throw new ShapeError({ where: `${where}: span`, want: `[${rows}, 2]`, got });
  }
}
