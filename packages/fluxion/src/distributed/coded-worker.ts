import type { Task } from "./gradient-code.js";
import type { Handler } from "./worker-pool.js";

/** A task with all that a worker needs to know about it. */
export interface CodedTask extends Task {
  /** Which of the job's examples count with which factor: [from, to) of `examples`. */
  readonly ranges: readonly { readonly from: number; readonly to: number; readonly coefficient: number }[];
}

/** A job: the parameters that all its tasks are computed at, float32 [D], and its examples, int32. */
export interface CodedJob {
  readonly job: number;
  readonly params: Float32Array;
  readonly examples: Int32Array;
}

/** What a master sends to a worker every round. */
export interface CodedQuery {
  /** Those of the tasks' jobs that the worker is not known to have: no answer to a query with them has come. */
  readonly jobs: readonly CodedJob[];
  /** Jobs before this one are over. */
  readonly oldest: number;
  readonly tasks: readonly CodedTask[];
}

/** What a worker answers: its results. */
export interface CodedReply {
  readonly results: readonly (Task & { readonly gradient: Float32Array })[];
}

/**
 * A worker of `trainCoded`. It keeps the jobs under way; a task of a job that it does not have (it is new in the place of
 * another) is left out of the reply, and the master sends the job again.
 * @param gradient Σ weightᵢ·∇lossᵢ(params): `weightedGradient`, or code of one's own
 */
export function codedWorker(
  gradient: (params: Float32Array, examples: Int32Array, weights: Float32Array) => Promise<Float32Array>,
): Handler<CodedQuery, CodedReply> {
  const kept = new Map<number, CodedJob>();
  return async ({ jobs, oldest, tasks }) => {
    for (const job of jobs) kept.set(job.job, job);
    for (const job of kept.keys()) if (job < oldest) kept.delete(job);
    const results: { job: number; part: number; gradient: Float32Array }[] = [];
    for (const { job, part, ranges } of tasks) {
      const known = kept.get(job);
      if (!known) continue;
      const count = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
      const examples = new Int32Array(count);
      const weights = new Float32Array(count);
      let at = 0;
      for (const { from, to, coefficient } of ranges) {
        examples.set(known.examples.subarray(from, to), at);
        weights.fill(coefficient, at, (at += to - from));
      }
      results.push({ job, part, gradient: await gradient(known.params, examples, weights) });
    }
    return { results };
  };
}
