// What an ONNX file takes, and which sizes somebody must choose.
import type { OnnxEntry } from "fluxion/onnx";

/** How an input holds images. */
export type Layout = "nchw" | "nhwc";

/** The input of a model that takes images. */
export interface ImageInput {
  readonly name: string;
  readonly layout: Layout;
  /** Images in one run, if the file fixes that. */
  readonly batch: number | undefined;
  readonly channels: 1 | 3;
  /** Undefined where any will do. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

const fixed = (size: number | string): number | undefined => (typeof size === "number" ? size : undefined);
const isColour = (size: number | string): size is 1 | 3 => size === 1 || size === 3;

/** The images that a model takes: its only float32 input if that has four axes, one of them for 1 or 3 channels. */
export function imageInput(inputs: readonly OnnxEntry[]): ImageInput | undefined {
  const floats = inputs.filter((input) => input.type.startsWith("float"));
  const [{ name, type, shape = [] } = { name: "", type: "" }] = floats;
  if (floats.length !== 1 || type !== "float32" || shape.length !== 4) return undefined;
  const [batch, second, third, last] = shape as [number | string, ...(number | string)[]];
  const one = (layout: Layout, channels: 1 | 3, h: number | string, w: number | string): ImageInput => ({
    ...{ name, layout, channels },
    ...{ batch: fixed(batch), height: fixed(h), width: fixed(w) },
  });
  if (isColour(second!)) return one("nchw", second, third!, last!);
  if (isColour(last!)) return one("nhwc", last, second!, third!);
  // Most files have the channels first.
  return typeof second === "string" ? one("nchw", 3, third!, last!) : undefined;
}

/** A size or value that somebody must choose before the model can run. */
export interface OpenField {
  /** Such as "x.2", the third axis of the input x; or "sr", the value of an integer input. */
  readonly key: string;
  readonly label: string;
  readonly initial: number;
  readonly least: number;
}

/** What is left open by a file. */
export function openFields(inputs: readonly OnnxEntry[]): OpenField[] {
  const image = imageInput(inputs);
  return inputs.flatMap(({ name, type, shape = [] }) => {
    const spatial = image?.name === name ? (image.layout === "nchw" ? [2, 3] : [1, 2]) : undefined;
    const sizes = shape.flatMap((size, axis): OpenField[] => {
      if (typeof size === "number" || axis === 0 || (spatial && !spatial.includes(axis))) return [];
      const side = ["height", "width"][spatial?.indexOf(axis) ?? -1];
      const label = side
        ? `${side[0]!.toUpperCase()}${side.slice(1)} of the images`
        : `${name}, axis ${axis + 1}${size === "?" ? "" : ` (${size})`}`;
      return [{ key: `${name}.${axis}`, label, initial: spatial ? 64 : 32, least: 1 }];
    });
    const value = type.startsWith("float")
      ? []
      : [{ key: name, label: `Value of ${name} (${type})`, initial: 0, least: -Infinity }];
    return [...sizes, ...value];
  });
}

/** The fields' values, where they are given, else their initial ones. */
export type Chosen = Readonly<Record<string, number>>;

/** Shapes of all inputs, and values of those that are not float. */
export function arrangement(
  inputs: readonly OnnxEntry[],
  chosen: Chosen,
): { shapes: Record<string, number[]>; values: Record<string, number> } {
  const fields = new Map(openFields(inputs).map((field) => [field.key, chosen[field.key] ?? field.initial]));
  const image = imageInput(inputs);
  const shapes = inputs.map(({ name, shape = [] }) => {
    const sizes = shape.map((size, axis) => {
      if (typeof size === "number") return size;
      const isChannel = image?.name === name && axis === (image.layout === "nchw" ? 1 : 3);
      return isChannel ? image.channels : (fields.get(`${name}.${axis}`) ?? 1);
    });
    return [name, sizes] as const;
  });
  const values = inputs.filter(({ type }) => !type.startsWith("float"));
  return {
    shapes: Object.fromEntries(shapes),
    values: Object.fromEntries(values.map(({ name }) => [name, fields.get(name)!])),
  };
}
