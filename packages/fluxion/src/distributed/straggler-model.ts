// Which patterns of stragglers a code withstands. A pattern is a list of rounds; a round has 1 where a worker straggled.

/** One round: uint8 [n], 1 for a straggler. */
export type StragglerRow = Uint8Array;

/** A condition on every window of consecutive rounds; windows cut off by the ends count, too. */
export interface StragglerModel {
  /** Rounds of a window. */
  readonly window: number;
  /** Whether these rounds, at most `window`, are allowed. */
  readonly allows: (rows: readonly StragglerRow[]) => boolean;
}

const stragglersOf = (rows: readonly StragglerRow[]): number => {
  let distinct = 0;
  for (let i = 0; i < (rows[0]?.length ?? 0); i++) if (rows.some((row) => row[i] === 1)) distinct++;
  return distinct;
};

/** At most s stragglers in a round. @param s whole number ≥ 0 @source arXiv:2211.13802, section 2 */
export const perRound = (s: number): StragglerModel => ({
  window: 1,
  allows: (rows) => rows.every((row) => stragglersOf([row]) <= s),
});

/**
 * (B, W, lambda)-bursty: in W rounds at most lambda workers straggle, each within B consecutive ones.
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, section 2; deviates: none
 */
export const bursty = (B: number, W: number, lambda: number): StragglerModel => ({
  window: W,
  allows: (rows) =>
    stragglersOf(rows) <= lambda &&
    everyWorker(rows, (rounds) => rounds.length === 0 || rounds.at(-1)! - rounds[0]! < B),
});

/**
 * (N, W, lambda)-arbitrary: in W rounds at most lambda workers straggle, each in at most N of them.
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, section 2; deviates: none
 */
export const arbitrary = (N: number, W: number, lambda: number): StragglerModel => ({
  window: W,
  allows: (rows) => stragglersOf(rows) <= lambda && everyWorker(rows, (rounds) => rounds.length <= N),
});

function everyWorker(rows: readonly StragglerRow[], holds: (rounds: readonly number[]) => boolean): boolean {
  for (let i = 0; i < (rows[0]?.length ?? 0); i++) {
    const rounds = rows.flatMap((row, r) => (row[i] === 1 ? [r] : []));
    if (!holds(rounds)) return false;
  }
  return true;
}

/** Follows a pattern round by round. */
export interface PatternTracker {
  /** Whether the pattern so far and this row conform to one of the models. */
  fits(row: StragglerRow): boolean;
  /** Adds a row that fits. */
  push(row: StragglerRow): void;
}

/** Follows a pattern that has to conform, as a whole, to at least one of `models`. */
export function patternTracker(models: readonly StragglerModel[]): PatternTracker {
  const longest = Math.max(...models.map(({ window }) => window));
  let alive = [...models];
  let recent: StragglerRow[] = [];
  // A window in the past was judged when its last row came.
  const still = (row: StragglerRow): StragglerModel[] =>
    alive.filter(({ window, allows }) => allows([...(window > 1 ? recent.slice(-(window - 1)) : []), row]));
  return {
    fits: (row) => still(row).length > 0,
    push(row) {
      alive = still(row);
      recent = [...recent, row.slice()].slice(-longest);
    },
  };
}

/** Whether a whole pattern conforms to one of the models. */
export function conforms(models: readonly StragglerModel[], rows: readonly StragglerRow[]): boolean {
  const tracker = patternTracker(models);
  return rows.every((row) => {
    const fits = tracker.fits(row);
    tracker.push(row);
    return fits;
  });
}
