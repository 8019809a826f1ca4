/** How much of a claim is measured: "quick" within ten seconds, for CI; "full" within three minutes on two cores. */
export type Tier = "quick" | "full";

/** One inequality of a claim with its verdict. */
export interface Check {
  readonly name: string;
  /** What was measured; over several seeds, the one farthest from passing. */
  readonly value: number;
  readonly sense: "at most" | "at least";
  readonly bar: number;
  readonly passed: boolean;
}

/** Numbers that one seed gave, by name. */
export type Figures = Readonly<Record<string, number>>;

/** What a claim's run is given. */
export interface ClaimContext {
  readonly seed: number;
  readonly tier: Tier;
  /** Aborts the run; throw its reason as soon as possible. */
  readonly signal: AbortSignal | undefined;
  /** Says how far this seed is, in [0, 1], and what comes next. */
  readonly progress: (fraction: number, what: string) => void;
}

/** A paper's claim at small scale: what is measured for one seed, and the inequalities over all seeds. */
export interface Claim<F extends Figures = Figures> {
  /** The paper's. */
  readonly id: string;
  /** The claim in one sentence. */
  readonly statement: string;
  /** At least three for the full tier. */
  readonly seeds: Readonly<Record<Tier, readonly number[]>>;
  /** Trains and measures; depends on seed and tier only. */
  run(context: ClaimContext): Promise<F>;
  /** The verdicts on the figures of all seeds. */
  checks(figures: readonly F[], tier: Tier): readonly Check[];
  /**
   * What the paper says, too, but a run of this size is not expected to show: measured against the paper's own bar and
   * shown with its verdict, without a say in whether the claim passed. Default: nothing.
   */
  reported?(figures: readonly F[], tier: Tier): readonly Check[];
}

/** A check that the largest of `values` is at most `bar`; a value that is no number fails. */
export function atMost(name: string, values: number | readonly number[], bar: number): Check {
  const value = worst(values, (a, b) => a > b);
  return { name, value, sense: "at most", bar, passed: value <= bar };
}

/** A check that the smallest of `values` is at least `bar`; a value that is no number fails. */
export function atLeast(name: string, values: number | readonly number[], bar: number): Check {
  const value = worst(values, (a, b) => a < b);
  return { name, value, sense: "at least", bar, passed: value >= bar };
}

function worst(values: number | readonly number[], worse: (a: number, b: number) => boolean): number {
  const list = typeof values === "number" ? [values] : values;
  if (list.length === 0 || list.some(Number.isNaN)) return NaN;
  return list.reduce((a, b) => (worse(b, a) ? b : a));
}
