import { createInterface } from "node:readline";
import type { Case } from "../cases.js";

/** A training step of a peer: runs to its end, and is asked for its loss now and then. */
export interface PeerStep {
  readonly parameters: number;
  run(): Promise<number>;
}

/**
 * Answers the bench: JSON lines `{ build: case }` and `{ run: steps }` in, one JSON line out for each; see `peer.ts`.
 * @param name library and version
 * @param build throws for a case that the library has no step for
 */
export async function serve(name: string, build: (c: Case) => PeerStep): Promise<void> {
  let step: PeerStep | undefined;
  const answer = (value: object): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
  answer({ ready: name });
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line) as { build?: Case; run?: number };
    try {
      if (message.build) {
        step = build(message.build);
        answer({ parameters: step.parameters });
        continue;
      }
      const times: number[] = [];
      for (let i = 0; i < (message.run ?? 0); i++) {
        const start = performance.now();
        const loss = await step!.run();
        times.push(performance.now() - start);
        if (!Number.isFinite(loss)) throw new Error(`loss ${loss}`);
      }
      answer({ times });
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : String(error) });
    }
  }
}
