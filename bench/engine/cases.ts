// The training steps that are timed. Every library builds exactly these; the numbers of parameters must agree.

/** Convolutions 1 → channels → … → 1 with relu between, mean squared error. */
export interface ConvCase {
  kind: "conv";
  batch: number;
  side: number;
  channels: number;
  layers: number;
}

/** `fluxion/nn` unet on one-channel images, mean squared error of its velocity. */
export interface UnetCase {
  kind: "unet";
  batch: number;
  side: number;
  widths: number[];
  groups: number;
}

/** `fluxion/nn` dit on one-channel images, mean squared error of its velocity. */
export interface DitCase {
  kind: "dit";
  batch: number;
  side: number;
  patch: number;
  width: number;
  depth: number;
  heads: number;
}

/** Points to points through hidden layers with silu, mean squared error; `steps` training steps in one call. */
export interface MlpCase {
  kind: "mlp";
  batch: number;
  size: number;
  hidden: number[];
  steps: number;
}

/** `fluxion/nn` gpt, cross-entropy of the next token. */
export interface GptCase {
  kind: "gpt";
  batch: number;
  vocabulary: number;
  context: number;
  width: number;
  depth: number;
  heads: number;
}

export type Case = ConvCase | UnetCase | DitCase | MlpCase | GptCase;

const mlp: Omit<MlpCase, "steps"> = { kind: "mlp", batch: 256, size: 2, hidden: [256, 256, 256] };

/** By the name that `--only` takes. */
export const cases = {
  conv: { kind: "conv", batch: 32, side: 28, channels: 32, layers: 4 },
  unet: { kind: "unet", batch: 64, side: 28, widths: [24, 48, 96], groups: 8 },
  dit: { kind: "dit", batch: 64, side: 28, patch: 4, width: 128, depth: 4, heads: 4 },
  mlp: { ...mlp, steps: 1 },
  "mlp-16": { ...mlp, steps: 16 },
  "mlp-64": { ...mlp, steps: 64 },
  gpt: { kind: "gpt", batch: 16, vocabulary: 96, context: 128, width: 128, depth: 4, heads: 4 },
} as const satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

/** What a reader of the table sees. */
export const titles: Record<CaseName, string> = {
  conv: "conv net, 4 layers, batch 32",
  unet: "U-Net 28x28, batch 64",
  dit: "DiT, 49 tokens, batch 64",
  mlp: "MLP 3x256, batch 256",
  "mlp-16": "MLP, 16 steps per call",
  "mlp-64": "MLP, 64 steps per call",
  gpt: "GPT, context 128, batch 16",
};

/** A case as the peers run it: they have no several steps per call. */
export const single = (c: Case): Case => (c.kind === "mlp" ? { ...c, steps: 1 } : c);
