// What the page "bring an ONNX model" and its worker say to each other.
import type { OnnxNodeCost, OnnxSummary } from "fluxion/onnx";
import type { Engine } from "../protocol.js";
import type { ExampleName } from "./example-names.js";
import type { Range } from "./pixels.js";

/** A parameter of the file. */
export interface ParamLine {
  readonly path: string;
  readonly shape: readonly number[];
}

/** Images with their classes, of the size that the model takes. */
export interface LabelledImages {
  /** uint8 [N, H, W, C] */
  readonly pixels: Uint8Array;
  readonly shape: readonly [number, number, number, number];
  readonly labels: readonly number[];
  /** Those that are not tuned on. */
  readonly held: readonly boolean[];
}

/** What the model says of an image. */
export interface Prediction {
  readonly best: number;
  /** Of the best class, in [0, 1]. */
  readonly chance: number;
}

/** Of all images, with the parameters of the file and, once there are some, with those that were tuned. */
export interface Predictions {
  readonly before: readonly Prediction[];
  readonly after?: readonly Prediction[] | undefined;
}

/** From the page. */
export type OnnxRequest =
  | {
      readonly type: "open";
      readonly model: Uint8Array | ExampleName;
      readonly engine: Engine | "auto";
    }
  /** Fixes shapes and values of inputs. */
  | {
      readonly type: "arrange";
      readonly shapes: Readonly<Record<string, readonly number[]>>;
      readonly values: Readonly<Record<string, number>>;
    }
  /** Asks for predictions. */
  | { readonly type: "images"; readonly images: LabelledImages; readonly range: Range }
  /** Gradient of the cross entropy of the images; without images of the mean square of the last output at random inputs. */
  | { readonly type: "differentiate" }
  | {
      readonly type: "tune";
      /** Paths of the parameters that may change. */
      readonly paths: readonly string[];
      readonly steps: number;
      readonly learningRate: number;
    }
  | { readonly type: "stop" }
  | { readonly type: "save" };

/** From the worker. */
export type OnnxReply =
  | { readonly type: "loading"; readonly loaded: number; readonly total: number | undefined }
  | { readonly type: "ready"; readonly engine: Engine; readonly threads: number }
  | {
      readonly type: "opened";
      readonly summary: OnnxSummary;
      readonly params: readonly ParamLine[];
      /** What comes with an example. */
      readonly example?: { readonly images: LabelledImages; readonly classes: readonly string[] };
    }
  | {
      readonly type: "arranged";
      readonly flops: number | undefined;
      readonly why: string | undefined;
      readonly costs: readonly OnnxNodeCost[];
      /** Number of classes that the model scores, if it does. */
      readonly classes: number | undefined;
    }
  | ({ readonly type: "predictions" } & Predictions)
  | {
      readonly type: "gradients";
      /** Norm of the gradient by path. */
      readonly norms: Readonly<Record<string, number>>;
      readonly value: number;
      readonly of: "images" | "random";
    }
  | { readonly type: "record"; readonly step: number; readonly loss: number }
  | { readonly type: "tuned"; readonly stopped: boolean }
  | { readonly type: "file"; readonly bytes: Uint8Array }
  | { readonly type: "failed"; readonly message: string }
  /** Comes after all other replies to a request. */
  | { readonly type: "done" };
