// The visitor's images, from files to what the worker takes.
import type { LabelledImages } from "./protocol.js";

/** An image with its class. */
export interface Picture {
  readonly bitmap: ImageBitmap;
  readonly label: number;
}

/** Images may be so many. */
export const mostPictures = 2000;
/** Larger ones are scaled down when they are read, so that hundreds of photographs fit in memory. */
const longest = 512;

/** Reads files as images of one class. @throws Error naming the first that is none */
export async function readPictures(files: Iterable<File>, label: number): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const file of files) {
    const whole = await createImageBitmap(file).catch(() => {
      throw new Error(`"${file.name}" is not a picture that the browser can read.`);
    });
    const scale = longest / Math.max(whole.width, whole.height);
    if (scale >= 1) {
      pictures.push({ bitmap: whole, label });
      continue;
    }
    const [width, height] = [whole.width, whole.height].map((n) => Math.max(1, Math.round(n * scale)));
    const size = { resizeWidth: width!, resizeHeight: height!, resizeQuality: "high" } as const;
    pictures.push({ bitmap: await createImageBitmap(whole, size), label });
    whole.close();
  }
  return pictures;
}

/** Images of an example as if they had been read from files. */
export function unpack({ pixels, shape: [n, h, w, channels], labels }: LabelledImages): Promise<Picture[]> {
  return Promise.all(
    Array.from({ length: n }, async (_, k) => {
      const image = new ImageData(w, h);
      for (let i = 0; i < h * w; i++) {
        for (let c = 0; c < 3; c++) {
          image.data[4 * i + c] = pixels[(k * h * w + i) * channels + (channels === 3 ? c : 0)]!;
        }
        image.data[4 * i + 3] = 255;
      }
      return { bitmap: await createImageBitmap(image), label: labels[k]! };
    }),
  );
}

/** How an image is brought to the model's size. */
export type Fit = "stretch" | "crop";

/** Which images are held out: of every class one in `every`; none for 0. */
export function heldOut(labels: readonly number[], every: number): boolean[] {
  const seen = new Map<number, number>();
  return labels.map((label) => {
    const n = (seen.get(label) ?? 0) + 1;
    seen.set(label, n);
    return every > 0 && n % every === 0;
  });
}

/** Images in the size that the model takes. */
export function pack(
  pictures: readonly Picture[],
  [height, width, channels]: readonly [number, number, 1 | 3],
  { fit, every }: { fit: Fit; every: number },
): LabelledImages {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  const pixels = new Uint8Array(pictures.length * height * width * channels);
  pictures.forEach(({ bitmap }, k) => {
    // Transparent parts are white.
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, ...part(bitmap, width / height, fit), 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const base = k * height * width * channels;
    for (let i = 0; i < height * width; i++) {
      const [r, g, b] = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
      if (channels === 3) pixels.set([r, g, b], base + 3 * i);
      else pixels[base + i] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    }
  });
  const labels = pictures.map(({ label }) => label);
  return {
    ...{ pixels, labels, held: heldOut(labels, every) },
    shape: [pictures.length, height, width, channels],
  };
}

/** The rectangle of an image that is taken: all of it, or its middle of the given ratio of width to height. */
function part({ width, height }: ImageBitmap, ratio: number, fit: Fit): [number, number, number, number] {
  if (fit === "stretch") return [0, 0, width, height];
  const [w, h] = width / height > ratio ? [height * ratio, height] : [width, width / ratio];
  return [(width - w) / 2, (height - h) / 2, w, h];
}
