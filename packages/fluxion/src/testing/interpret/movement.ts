import { broadcastAt, build, flatIndex, type Rules } from "./value.js";

export const movement: Rules = {
  Reshape: ([x]) => [x!.data],
  Expand: ([x], { shapeOf }) => [build(shapeOf(0), (index) => broadcastAt(x!, index))],
  Transpose: ([x], { attrs, shapeOf }) => {
    const perm = attrs.perm as number[];
    return [
      build(shapeOf(0), (index) => {
        const source = new Array<number>(perm.length);
        perm.forEach((p, i) => (source[p] = index[i]!));
        return x!.data[flatIndex(source, x!.shape)]!;
      }),
    ];
  },
  Concat: (inputs, { attrs, shapeOf }) => {
    const axis = attrs.axis as number;
    return [
      build(shapeOf(0), (index) => {
        let at = index[axis]!;
        let part = 0;
        while (at >= inputs[part]!.shape[axis]!) at -= inputs[part++]!.shape[axis]!;
        const source = inputs[part]!;
        return source.data[flatIndex(index.with(axis, at), source.shape)]!;
      }),
    ];
  },
  Slice: ([x], { attrs, shapeOf }) => {
    const [starts, steps] = [attrs.starts as number[], attrs.steps as number[]];
    return [
      build(
        shapeOf(0),
        (index) =>
          x!.data[
            flatIndex(
              index.map((v, i) => starts[i]! + v * steps[i]!),
              x!.shape,
            )
          ]!,
      ),
    ];
  },
  Pad: ([x], { attrs, shapeOf }) => {
    const before = attrs.before as number[];
    return [
      build(shapeOf(0), (index) => {
        const source = index.map((v, i) => v - before[i]!);
        const inside = source.every((v, i) => v >= 0 && v < x!.shape[i]!);
        return inside ? x!.data[flatIndex(source, x!.shape)]! : 0;
      }),
    ];
  },
  Split: ([x], { attrs, node }) => {
    const axis = attrs.axis as number;
    let start = 0;
    return node.outputs.map(({ shape }) => {
      const from = start;
      start += shape[axis]!;
      return build(shape, (index) => x!.data[flatIndex(index.with(axis, index[axis]! + from), x!.shape)]!);
    });
  },
  Range: (_, { attrs }) => [Float64Array.from({ length: attrs.length as number }, (_v, i) => i)],
};
