// Models and images for visitors who have none at hand.
import { add, gelu, random, type Tensor } from "fluxion";
import { loadDataset, type ImageDatasetName } from "fluxion/data";
import {
  layerNorm,
  linear,
  normalInit,
  patchify,
  selfAttention,
  type AttentionParams,
  type LinearParams,
  type NormParams,
} from "fluxion/nn";
import { exportOnnx } from "fluxion/onnx";
import type { ExampleName } from "./example-names.js";
import type { LabelledImages } from "./protocol.js";

/** A model with images to tune it on. */
export interface Example {
  readonly model: Uint8Array;
  readonly images: LabelledImages;
  readonly classes: readonly string[];
}

/** Loads or makes one. @throws Error if a file of the gallery cannot be loaded */
export async function loadExample(name: ExampleName): Promise<Example> {
  if (name === "digits") {
    return { model: await transformer(), ...(await imagesOf("digits", { each: 100 })) };
  }
  const address = new URL("../../../../packages/fluxion/assets/features/fashion-mnist.onnx", import.meta.url);
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The example could not be loaded (HTTP status ${response.status}).`);
  const model = new Uint8Array(await response.arrayBuffer());
  return { model, ...(await imagesOf("fashion-mnist", { each: 16, flip: true })) };
}

/** `each` images of every class. @param flip upside down */
async function imagesOf(
  name: ImageDatasetName,
  { each, flip = false }: { each: number; flip?: boolean },
): Promise<Omit<Example, "model">> {
  const { images, labels, classes } = await loadDataset(name);
  const [, h, w] = images.shape as [number, number, number];
  const rows = classes.flatMap((_, k) => {
    const own = [...labels.data.keys()].filter((i) => labels.data[i] === k);
    return own.slice(0, each).map((row) => ({ row, label: k }));
  });
  const pixels = new Uint8Array(rows.length * h * w);
  rows.forEach(({ row }, r) => {
    for (let y = 0; y < h; y++) {
      const from = (row * h + (flip ? h - 1 - y : y)) * w;
      pixels.set(images.data.subarray(from, from + w), (r * h + y) * w);
    }
  });
  return {
    classes,
    images: {
      pixels,
      shape: [rows.length, h, w, 1],
      labels: rows.map((r) => r.label),
      held: rows.map(() => false),
    },
  };
}

type Block = { norm: NormParams; attention: AttentionParams; wide: LinearParams; narrow: LinearParams };

/** A vision transformer for 28 × 28 grey images and ten classes, untrained, written as ONNX by the library. */
async function transformer(): Promise<Uint8Array> {
  const [patch, size, heads, depth, classes] = [7, 48, 4, 2, 10];
  const tokens = (28 / patch) ** 2;
  const [embed, attend, norm] = [linear(patch * patch, size), selfAttention(size, heads), layerNorm(size)];
  const [wide, narrow, head] = [linear(size, 2 * size), linear(2 * size, size), linear(size, classes)];
  const key = (i: number): Tensor => random.foldIn(random.key(0), i);
  const block = (i: number): Block => ({
    norm: norm.init(key(4 * i)),
    attention: attend.init(key(4 * i + 1)),
    wide: wide.init(key(4 * i + 2)),
    narrow: narrow.init(key(4 * i + 3)),
  });
  const params = {
    embed: embed.init(key(100)),
    positions: normalInit(0.1)(key(101), [tokens, size], tokens, size),
    blocks: Array.from({ length: depth }, (_, i) => block(i)),
    head: head.init(key(102)),
  };
  const apply = (p: typeof params, images: Tensor): Tensor => {
    let x = add(embed.apply(p.embed, patchify(images, patch)), p.positions);
    for (const b of p.blocks) {
      x = x.add(attend.apply(b.attention, norm.apply(b.norm, x)));
      x = x.add(narrow.apply(b.narrow, gelu(wide.apply(b.wide, x))));
    }
    return head.apply(p.head, x.mean(1));
  };
  return exportOnnx(apply, [random.normal(key(200), [2, 1, 28, 28])], {
    ...{ params, dynamicBatch: true, portable: true },
    ...{ inputNames: ["images"], outputNames: ["scores"] },
  });
}
