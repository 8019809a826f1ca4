import type { Engine } from "./protocol.js";

const engines = { auto: "automatic", wasm: "Wasm", webgpu: "WebGPU" } as const;

/** The engine that an address asks for. */
export function engineOf(params: URLSearchParams): Engine | "auto" {
  const asked = params.get("engine");
  return asked === "wasm" || asked === "webgpu" ? asked : "auto";
}

/** The choice of where to compute. */
export function EngineField({
  value,
  set,
}: {
  value: Engine | "auto";
  set: (value: Engine | "auto") => void;
}) {
  return (
    <label>
      Runs on
      <select name="engine" value={value} onChange={(e) => set(e.currentTarget.value as Engine | "auto")}>
        {Object.entries(engines).map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
