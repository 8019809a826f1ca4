// A demo's state as parameters of the address, and back.
import { demoState, type Demo, type DemoState } from "fluxion/demo";

/** The parameters that differ from the controls' initial values. */
export function paramsOf(controls: Demo["controls"], state: DemoState): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, { initial }] of Object.entries(controls)) {
    if (state[name] !== initial) params.set(name, String(state[name]));
  }
  return params;
}

/** The state that parameters name; what is unknown or out of range falls back to the initial value. */
export function stateOf(controls: Demo["controls"], params: URLSearchParams): DemoState {
  const given = Object.entries(controls).flatMap(([name, { kind }]) => {
    const text = params.get(name);
    if (text === null) return [];
    return [[name, kind === "range" ? Number(text) : kind === "toggle" ? text === "true" : text] as const];
  });
  return demoState(controls, Object.fromEntries(given));
}
