import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { compile } from "../compile/compile.js";
import { CompileError } from "../core/errors.js";
import { key, normal } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { writeFileAtomic } from "../data/node/index.js";
import { sampleOde } from "../flow/sample.js";
import { velocityOf } from "../flow/velocity.js";
import { exportOnnx } from "../onnx/export.js";
import { mul } from "../ops/arithmetic.js";
import { zeros } from "../ops/create.js";
import { guided, samplingTimes, solverNamed } from "./generate.js";
import { formOf } from "./objective.js";
import type { LoadedRun } from "./run.js";

/** Differences in float32 that the order of additions explains. */
const tolerance = 1e-3;

/**
 * Writes a run's sampler as an ONNX file, noise [batch, ...] (and class [batch]) to samples, any batch size; then runs
 * the file in a plain ONNX Runtime session and compares.
 * @returns size of the file and the largest difference of a sample
 * @throws CompileError if the file gives other samples
 */
export async function exportRun(
  run: LoadedRun,
  file: string,
  options: { steps: number; solver?: string; portable?: boolean; guidance?: number | undefined },
): Promise<{ bytes: number; difference: number }> {
  const { steps, portable = false } = options;
  const form = formOf(run.config);
  const solver = solverNamed(options.solver, form);
  const { shape, network } = run.config;
  const { path, prediction } = form;
  const model = guided(run, options.guidance ?? 1);
  const times = samplingTimes(run, steps);
  const sampler = (params: unknown, noise: Tensor, label?: Tensor): { sample: Tensor } => {
    const reading = { prediction, ...(path ? { path } : {}), ...(label ? { cond: label } : {}) };
    const start = path ? mul(noise, path.at(zeros([])).sigma) : noise;
    return { sample: sampleOde(velocityOf(model, params, reading), start, { solver, ...times }) };
  };
  const noise = normal(key(0), [3, ...shape]);
  const labels = network.classes > 0 ? [zeros([3], { dtype: "int32" })] : [];
  const bytes = await exportOnnx(sampler, [noise, ...labels], {
    params: run.ema,
    dynamicBatch: true,
    inputNames: ["noise", ...labels.map(() => "class")],
    outputNames: ["sample"],
    portable,
    metadata: { producer: "fluxion", steps: String(steps), solver: solver.name },
  });
  const session = await InferenceSession.create(bytes);
  const feeds: Record<string, OrtTensor> = {
    noise: new OrtTensor("float32", (await noise.data()) as Float32Array, noise.shape),
  };
  for (const label of labels) feeds.class = new OrtTensor("int32", (await label.data()) as Int32Array, [3]);
  const theirs = (await session.run(feeds)).sample!.data as Float32Array;
  await session.release();
  const ours = (await (await compile(sampler)(run.ema, noise, ...labels)).sample.data()) as Float32Array;
  const difference = ours.reduce((worst, v, i) => Math.max(worst, Math.abs(v - theirs[i]!)), 0);
  if (!(difference <= tolerance)) {
    throw new CompileError({
      where: file,
      want: "the samples of the model itself",
      got: `a difference of ${difference}`,
    });
  }
  await writeFileAtomic(file, bytes);
  return { bytes: bytes.length, difference };
}
