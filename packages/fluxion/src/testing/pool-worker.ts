// The worker of the thread pool's test: gradients that can be known, and a death at a wanted time.
import { codedWorker, type CodedQuery } from "../distributed/coded-worker.js";

/** Every component of the gradient is Σ weight·number; worker `dies` ends after `after` answers. @internal */
export function worker(index: number, { dies, after }: { dies: number; after: number }) {
  const handle = codedWorker(async (params, examples, weights) => {
    const sum = examples.reduce((total, example, i) => total + example * weights[i]!, 0);
    return new Float32Array(params.length).fill(sum);
  });
  let answers = 0;
  return async (query: CodedQuery) => {
    if (index === dies && answers++ === after) process.exit();
    return handle(query);
  };
}
