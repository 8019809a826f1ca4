// Prompts and the pictures they call for: Fashion-MNIST at 14 x 14 with words for what is on it, how light and how large.
import { averagePool, loadDataset, seededUniform, toSigned, wordTokens, type ArrayData } from "fluxion/data";
import { flowMlp } from "fluxion/flow";
import { loadFeatures } from "fluxion/train";

/** Shape of one image. */
export const shape = [1, 14, 14] as const;
const size = 196;

/** What is on the pictures, by class. */
export const kindNames = [
  ...["t-shirt", "trousers", "pullover", "dress", "coat"],
  ...["sandal", "shirt", "sneaker", "bag", "boot"],
] as const;
const shades = ["dark", "light"] as const;
const extents = ["small", "large"] as const;

/** What a full prompt says. */
export interface Caption {
  /** 0 … 9 */
  readonly kind: number;
  /** 0: dark, 1: light: the mean of the garment against the median of its kind. */
  readonly shade: number;
  /** 0: small, 1: large: the number of its pixels against the median of its kind. */
  readonly extent: number;
}

/** The words of the bench; a prompt has at most four. */
export const tokens = wordTokens([`a ${shades.join(" ")} ${extents.join(" ")} ${kindNames.join(" ")}`], 4);

/** A caption in words; `parts` in [0, 4) says which adjectives it has: 1 the shade, 2 the extent. */
export const promptOf = ({ kind, shade, extent }: Caption, parts = 3): string =>
  ["a", ...(parts & 2 ? [extents[extent]] : []), ...(parts & 1 ? [shades[shade]] : []), kindNames[kind]].join(
    " ",
  );

/** A prompt put together from choices, "any" for no word; `says` tells which words it has. */
export function captionOfChoice(kind: string, shade: string, extent: string) {
  const says = { shade: shade !== "any", extent: extent !== "any" };
  const caption: Caption = {
    kind: Math.max(0, (kindNames as readonly string[]).indexOf(kind)),
    shade: shade === "light" ? 1 : 0,
    extent: extent === "large" ? 1 : 0,
  };
  return { caption, says, words: promptOf(caption, (says.shade ? 1 : 0) + (says.extent ? 2 : 0)) };
}

/** x + time + text → 256, two residual layers. */
export const network = flowMlp({ shape, text: { vocabulary: tokens.words.length, length: tokens.length } });

/** Pictures in [−1, 1] with their captions. */
export interface CaptionedImages {
  /** float32 [N, 1, 14, 14] */
  readonly images: ArrayData<Float32Array>;
  readonly captions: readonly Caption[];
  /** Mean brightness and number of pixels that part the kinds, by kind. */
  readonly medians: readonly { readonly shade: number; readonly extent: number }[];
}

/** The 10,000 pictures shipped with Fluxion. */
export async function loadCaptioned(): Promise<CaptionedImages> {
  const set = await loadDataset("fashion-mnist");
  const images = averagePool(toSigned(set.images), 2);
  const measured = measure(images);
  const medians = kindNames.map((_, kind) => {
    const rows = measured.filter((__, i) => set.labels.data[i] === kind);
    return { shade: median(rows.map((r) => r.shade)), extent: median(rows.map((r) => r.extent)) };
  });
  const captions = measured.map((m, i) => captionOf(m, set.labels.data[i]!, medians));
  return { images, captions, medians };
}

/** Prompts of captions as conditions: three in four have a word for the shade, as many one for the extent. */
export function promptTokens(captions: readonly Caption[], seed: number): ArrayData<Int32Array> {
  const uniform = seededUniform(seed, 3);
  const part = (): boolean => uniform() < 0.75;
  return tokens.encode(captions.map((c) => promptOf(c, (part() ? 1 : 0) + (part() ? 2 : 0))));
}

/** `n` captions, every combination equally likely. */
export function drawCaptions(n: number, seed: number): Caption[] {
  const uniform = seededUniform(seed, 4);
  const below = (k: number): number => Math.floor(k * uniform());
  return Array.from({ length: n }, () => ({ kind: below(10), shade: below(2), extent: below(2) }));
}

interface Measured {
  readonly shade: number;
  readonly extent: number;
}

/** Mean brightness of the pixels that are not background, and how many they are. */
function measure({ data, shape: [n = 0] }: ArrayData<Float32Array>): Measured[] {
  return Array.from({ length: n }, (_, i) => {
    let [sum, extent] = [0, 0];
    for (const v of data.subarray(i * size, (i + 1) * size)) {
      if (v < -0.8) continue;
      sum += v;
      extent++;
    }
    return { shade: extent === 0 ? -1 : sum / extent, extent };
  });
}

const captionOf = (m: Measured, kind: number, medians: CaptionedImages["medians"]): Caption => ({
  kind,
  shade: m.shade > medians[kind]!.shade ? 1 : 0,
  extent: m.extent > medians[kind]!.extent ? 1 : 0,
});

/** How well pictures do what their prompts say, as parts of all pictures. */
export interface Obedience {
  /** A classifier sees the kind that the prompt names. */
  readonly kind: number;
  /** The shade is on the prompt's side of the median of the kind. */
  readonly shade: number;
  readonly extent: number;
}

/** Judges pictures by a classifier of 7 x 7 pixels that never saw generated ones, and by measuring them. */
export async function obedience(
  images: ArrayData<Float32Array>,
  captions: readonly Caption[],
  medians: CaptionedImages["medians"],
): Promise<Obedience> {
  const net = await loadFeatures("fashion-mnist-7");
  const { data } = await net.logits(averagePool(images, 2)).finally(() => net.release());
  const measured = measure(images);
  const part = (right: (wanted: Caption, i: number) => boolean): number =>
    captions.filter(right).length / captions.length;
  return {
    kind: part((wanted, i) => {
      const scores = data.subarray(10 * i, 10 * i + 10);
      return scores.indexOf(Math.max(...scores)) === wanted.kind;
    }),
    shade: part((wanted, i) => captionOf(measured[i]!, wanted.kind, medians).shade === wanted.shade),
    extent: part((wanted, i) => captionOf(measured[i]!, wanted.kind, medians).extent === wanted.extent),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
