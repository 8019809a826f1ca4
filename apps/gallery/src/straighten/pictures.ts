import { extent, mostPoints, type Drawing } from "./drawing.js";

/** Side of the square that a picture is read in, pixels. */
const side = 128;

/**
 * The dark parts of a picture as loose points, more where it is darker; of a picture on dark ground the light parts.
 * @throws Error if the browser cannot read it or it is of one colour
 */
export async function drawingOfPicture(file: Blob): Promise<Drawing> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error("This is not a picture that the browser can read.");
  });
  const scale = side / Math.max(picture.width, picture.height);
  const [w, h] = [picture.width, picture.height].map((n) => Math.max(1, Math.round(n * scale)));
  const context = new OffscreenCanvas(w!, h!).getContext("2d")!;
  context.fillStyle = "white";
  context.fillRect(0, 0, w!, h!);
  context.drawImage(picture, 0, 0, w!, h!);
  picture.close();
  const dark = darkness(context.getImageData(0, 0, w!, h!).data);
  const points: number[] = [];
  // Places that fill the square evenly, kept with a chance that is their darkness.
  for (let i = 1; i < 100_000 && points.length < 2 * mostPoints; i++) {
    const [x, y] = [Math.floor(halton(i, 2) * w!), Math.floor(halton(i, 3) * h!)];
    if (halton(i, 5) >= dark[y * w! + x]!) continue;
    points.push(((2 * halton(i, 2) - 1) * w! * extent) / side, ((1 - 2 * halton(i, 3)) * h! * extent) / side);
  }
  if (points.length === 0)
    throw new Error("This picture is of one colour: there is nothing to take from it.");
  return [{ joined: false, points }];
}

/** In [0, 1] a pixel; contrast is stretched, and the rarer of dark and light counts. */
function darkness(rgba: Uint8ClampedArray): number[] {
  const light = Array.from(
    { length: rgba.length / 4 },
    (_, i) => 0.299 * rgba[4 * i]! + 0.587 * rgba[4 * i + 1]! + 0.114 * rgba[4 * i + 2]!,
  );
  const [low, high] = [light.reduce((a, b) => Math.min(a, b)), light.reduce((a, b) => Math.max(a, b))];
  if (high - low < 16) return light.map(() => 0);
  const dark = light.map((v) => (high - v) / (high - low));
  const mean = dark.reduce((a, b) => a + b) / dark.length;
  // Faint tones are ground, not figure.
  return dark.map((v) => Math.max(0, ((mean > 0.5 ? 1 - v : v) - 0.25) / 0.75));
}

/** The i-th number of the van der Corput sequence of a base, in [0, 1). */
function halton(i: number, base: number): number {
  let [value, scale] = [0, 1];
  for (let rest = i; rest > 0; rest = Math.floor(rest / base)) {
    scale /= base;
    value += scale * (rest % base);
  }
  return value;
}
