// What the page "bring an ONNX model" and its worker say to each other.
import type { OnnxSummary } from "fluxion/onnx";

/** A parameter of the file. */
export interface ParamLine {
  readonly path: string;
  readonly shape: readonly number[];
  /** Norm of the gradient, once it has been asked for. */
  readonly gradient?: number;
}

/** Images of one class, already the size that the model takes. */
export interface Examples {
  /** float32 [N, C, H, W]. */
  readonly images: Float32Array;
  readonly labels: readonly number[];
}

/** From the page. */
export type OnnxRequest =
  | { readonly type: "open"; readonly bytes: Uint8Array }
  /** Gradient of the mean square of the last output, at random inputs. */
  | { readonly type: "differentiate" }
  | {
      readonly type: "tune";
      readonly examples: Examples;
      /** Paths of the parameters that may change. */
      readonly paths: readonly string[];
      readonly steps: number;
      readonly learningRate: number;
    }
  | { readonly type: "save" };

/** From the worker. */
export type OnnxReply =
  | {
      readonly type: "opened";
      readonly summary: OnnxSummary;
      readonly params: readonly ParamLine[];
      /** Shape of one image [C, H, W] if the model takes images. */
      readonly image: readonly [number, number, number] | undefined;
    }
  | { readonly type: "gradients"; readonly params: readonly ParamLine[]; readonly value: number }
  | { readonly type: "record"; readonly step: number; readonly loss: number; readonly last: boolean }
  | { readonly type: "file"; readonly bytes: Uint8Array }
  | { readonly type: "failed"; readonly message: string };
