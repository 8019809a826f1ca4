import { DeviceError } from "../core/errors.js";

/** Where programs run. `cpu` is Node's CPU; `wasm` the browser's. */
export type Device = "cpu" | "wasm" | "webgpu" | "cuda" | "coreml" | "dml";

let current: Device | undefined;

/** The device that programs run on: `setDevice`'s, or the first that is available. */
export const device = (available: readonly Device[]): Device => current ?? available[0]!;

/** Chooses the device of every program compiled from now on. Checked when the next one is compiled. */
export function setDevice(name: Device): void {
  current = name;
}

/** @throws DeviceError if `name` is not in `available` */
export function checkDevice(name: string, available: readonly Device[]): asserts name is Device {
  if (!(available as readonly string[]).includes(name)) {
    throw new DeviceError({ where: "device", want: `one of ${available.join(", ")}`, got: name });
  }
}
