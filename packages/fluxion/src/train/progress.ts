/** How far a run is. */
export interface Progress {
  /** Steps made, those before a resume included. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** Moving average of the loss. */
  readonly loss: number;
  /** Recent speed; 0 until there is one. */
  readonly stepsPerSecond: number;
  /** Seconds left at that speed; Infinity until there is one. */
  readonly secondsLeft: number;
  /** Seconds since this process began the run. */
  readonly seconds: number;
}

/**
 * Measures a run from call to call. The first call compiles and is left out of the speed.
 * @param start steps made before   @param steps steps in all
 * @param now milliseconds on any clock that only goes forward
 * @returns a function of the steps made and the losses of a call
 * @internal
 */
export function progressMeter(
  start: number,
  steps: number,
  now: () => number = () => performance.now(),
): (step: number, losses: readonly number[]) => Progress {
  const began = now();
  let last = { step: start, at: began };
  let smooth: number | undefined;
  let perStep: number | undefined;
  let calls = 0;
  return (step, losses) => {
    for (const loss of losses) smooth = smooth === undefined ? loss : smooth + (loss - smooth) * 0.05;
    const at = now();
    if (calls++ > 0) {
      const latest = (at - last.at) / (step - last.step);
      perStep = perStep === undefined ? latest : perStep + (latest - perStep) * 0.1;
    }
    last = { step, at };
    const known = perStep !== undefined && perStep > 0;
    return {
      step,
      steps,
      loss: smooth ?? NaN,
      stepsPerSecond: known ? 1000 / perStep! : 0,
      secondsLeft: step >= steps ? 0 : known ? ((steps - step) * perStep!) / 1000 : Infinity,
      seconds: (at - began) / 1000,
    };
  };
}
