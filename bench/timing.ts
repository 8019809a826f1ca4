/** Something that is timed step by step. */
export interface Contestant {
  readonly name: string;
  /** Runs `steps` steps and gives the milliseconds of each. */
  run(steps: number): Promise<number[]>;
}

/** What was measured of a contestant, in milliseconds per step. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  /** Quartiles. */
  readonly q1: number;
  readonly q3: number;
  /** Steps the figures come from. */
  readonly steps: number;
  /** Set if there was time for the first call only, compilation included. */
  readonly cold?: true;
}

/** A timing, or why there is none. */
export type Outcome = Timing | { readonly error: string };

export const isTiming = (o: Outcome | undefined): o is Timing => o !== undefined && "median" in o;

/** Milliseconds of a contestant's share of a round. */
const ROUND = 400;
/** Milliseconds after which a slow contestant sits out the remaining rounds. */
const PATIENCE = 10_000;
/** A first step that takes longer is the only one. */
const COLD = 60_000;

const at = (sorted: readonly number[], fraction: number): number => {
  const position = (sorted.length - 1) * fraction;
  const low = Math.floor(position);
  return sorted[low]! + (sorted[Math.ceil(position)]! - sorted[low]!) * (position - low);
};

/** Median, quartiles and least of some times. */
export function summarize(times: readonly number[]): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    median: at(sorted, 0.5),
    min: sorted[0]!,
    q1: at(sorted, 0.25),
    q3: at(sorted, 0.75),
    steps: sorted.length,
  };
}

export const median = (times: readonly number[]): number => summarize(times).median;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Times contestants in turns, so that what the machine does meanwhile strikes all of them: a warm-up, then `reps`
 * rounds in which each runs for about 0.4 s. One that takes seconds a step runs in fewer rounds.
 */
export async function race(
  contestants: readonly Contestant[],
  reps: number,
): Promise<Record<string, Outcome>> {
  const outcome: Record<string, Outcome> = {};
  const running: { contestant: Contestant; times: number[]; steps: number; rounds: number }[] = [];
  for (const contestant of contestants) {
    try {
      const [first] = await contestant.run(1);
      if (first! > COLD) {
        outcome[contestant.name] = { ...summarize([first!]), cold: true };
        continue;
      }
      const warm = median(await contestant.run(first! > 1000 ? 1 : 3));
      const steps = Math.min(50, Math.max(warm > ROUND ? 1 : 2, Math.round(ROUND / warm)));
      const rounds = Math.min(reps, Math.max(1, Math.floor(PATIENCE / (warm * steps))));
      running.push({ contestant, times: [], steps, rounds });
    } catch (error) {
      outcome[contestant.name] = { error: messageOf(error) };
    }
  }
  for (let round = 0; round < reps; round++) {
    // Each round starts with another one, so that nobody always follows the same neighbour.
    for (let i = 0; i < running.length; i++) {
      const entry = running[(i + round) % running.length]!;
      if (round >= entry.rounds || outcome[entry.contestant.name]) continue;
      // Thread pools of the one before stop spinning meanwhile.
      await pause(30);
      try {
        entry.times.push(...(await entry.contestant.run(entry.steps)));
      } catch (error) {
        outcome[entry.contestant.name] = { error: messageOf(error) };
      }
    }
  }
  for (const { contestant, times } of running) outcome[contestant.name] ??= summarize(times);
  return outcome;
}

/** A contestant of this process. */
export function contestant(name: string, step: () => Promise<unknown>): Contestant {
  return {
    name,
    async run(steps) {
      const times: number[] = [];
      for (let i = 0; i < steps; i++) {
        const start = performance.now();
        await step();
        times.push(performance.now() - start);
      }
      return times;
    },
  };
}
