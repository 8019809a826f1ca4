import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FluxionError } from "../../core/errors.js";
import type { ClaimContext, Figures, Tier } from "../claim.js";

/** What the process is asked. @internal */
export interface SeedRequest {
  readonly id: string;
  readonly seed: number;
  readonly tier: Tier;
}

/** What it answers. @internal */
export type SeedReply =
  | { readonly type: "progress"; readonly fraction: number; readonly what: string }
  | { readonly type: "figures"; readonly figures: Figures }
  | { readonly type: "failed"; readonly message: string };

/** Measures a seed of the claim `id` in a process of its own, which the signal ends. @internal */
export function seedProcess(id: string): (context: ClaimContext) => Promise<Figures> {
  return ({ seed, tier, signal, progress }) =>
    new Promise((resolve, reject) => {
      const where = `claims.reproduce: ${id}, seed ${seed}`;
      const child = spawn(process.execPath, nodeArguments(), {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      const stop = (): void => {
        child.kill("SIGKILL");
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", stop, { once: true });
      child.on("message", (reply: SeedReply) => {
        if (reply.type === "progress") progress(reply.fraction, reply.what);
        else if (reply.type === "figures") resolve(reply.figures);
        else reject(new FluxionError({ where, want: "figures", got: reply.message }));
      });
      child.on("error", reject);
      child.on("exit", (code, killed) => {
        signal?.removeEventListener("abort", stop);
        // Without effect after an answer.
        reject(new FluxionError({ where, want: "figures", got: `an end with ${code ?? killed}` }));
      });
      child.send({ id, seed, tier } satisfies SeedRequest);
    });
}

/** The compiled program; from sources, where there is only TypeScript, by way of a loader. */
function nodeArguments(): string[] {
  if (!import.meta.url.endsWith(".ts")) return [fileURLToPath(new URL("./seed-program.js", import.meta.url))];
  const entry = JSON.stringify(new URL("./seed-program.ts", import.meta.url).href);
  const code = `import("tsx/esm/api").then(({ register }) => (register(), import(${entry})))`;
  return ["--conditions", "fluxion-source", "--input-type=module", "--eval", code];
}
