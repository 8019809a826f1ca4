import { blockCode } from "./block-code.js";
import {
  type Contribution,
  type GradientCode,
  respondersOf,
  type SequentialScheme,
  type Task,
} from "./gradient-code.js";
import { arbitrary, bursty } from "./straggler-model.js";

/**
 * M-SGC. Of every job, worker i alone holds W − 1 chunks (parts 0 … W − 2); the rest of its data is in B groups coded for
 * lambda stragglers (parts W − 1 … W − 2 + B). Round t works on the jobs t, t − 1, …, t − (W − 2 + B): first attempts in
 * the first W − 1 rounds of a job, then either what is still missing of the worker's own chunks or a coded result.
 * @internal
 */
export function multiplexedCode(n: number, scheme: SequentialScheme<"m-sgc">): GradientCode {
  const { B, W, lambda, encoder } = scheme;
  const [own, slots] = [W - 1, W - 1 + B];
  const coded = lambda < n;
  const block = coded ? blockCode(n, lambda, encoder ? { encoder } : {}) : undefined;
  // Own chunks are lambda + 1 times as large as coded ones, so that every task costs the same.
  const size = coded ? lambda + 1 : 1;
  const chunks = [
    ...Array.from({ length: own * n }, () => size),
    ...Array.from({ length: coded ? B * n : 0 }, () => 1),
  ];
  const units = chunks.reduce((a, b) => a + b, 0);
  const codedParts = Array.from({ length: coded ? B : 0 }, (_, m) => own + m);
  const ownComplete = (delivered: Uint8Array): boolean =>
    delivered.every((there, e) => there === 1 || e % slots >= own);
  return {
    ...{ n, scheme, delay: W - 2 + B, load: (slots * size) / units, parts: slots, chunks, units },
    withstands: [bursty(B, W, lambda), arbitrary(B, W + B - 1, lambda)],
    terms(worker, part) {
      if (part < own) return [{ chunk: worker * own + part, coefficient: 1 }];
      const first = own * n + (part - own) * n;
      return block!.row(worker).map(({ chunk, coefficient }) => ({ chunk: first + chunk, coefficient }));
    },
    assign(round, delivered) {
      return Array.from({ length: n }, (_, worker) => {
        const tasks: Task[] = [];
        for (let slot = slots - 1; slot >= 0; slot--) {
          const job = round - slot;
          const there = delivered[job];
          if (!there) continue;
          if (slot < own) tasks.push({ job, part: slot });
          else {
            const missing = there.subarray(worker * slots, worker * slots + own).indexOf(0);
            if (missing >= 0) tasks.push({ job, part: missing });
            else if (coded) tasks.push({ job, part: slot });
          }
        }
        return tasks;
      });
    },
    decodable: (delivered) =>
      ownComplete(delivered) &&
      codedParts.every((part) => block!.suffices(respondersOf(delivered, part, slots))),
    decode(delivered) {
      if (!ownComplete(delivered)) return undefined;
      const out: Contribution[] = [];
      for (let worker = 0; worker < n; worker++)
        for (let part = 0; part < own; part++) out.push({ worker, part, coefficient: 1 });
      for (const part of codedParts) {
        const responders = respondersOf(delivered, part, slots);
        const coefficients = block!.decode(responders);
        if (!coefficients) return undefined;
        responders.forEach((worker, r) => out.push({ worker, part, coefficient: coefficients[r]! }));
      }
      return out;
    },
  };
}
