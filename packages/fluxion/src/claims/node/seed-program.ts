// Measures one seed of a claim for `seedProcess`, and ends with the process that asked.
import { loadArtefacts } from "./reproduce.js";
import type { SeedReply, SeedRequest } from "./seed-process.js";

const reply = (message: SeedReply): void => void process.send!(message);

async function measure({ id, seed, tier }: SeedRequest): Promise<void> {
  const { claim } = await (await loadArtefacts(id)).claim();
  const progress = (fraction: number, what: string): void => reply({ type: "progress", fraction, what });
  reply({ type: "figures", figures: await claim.run({ seed, tier, signal: undefined, progress }) });
}

process.on("disconnect", () => process.exit());
// An interrupt of the terminal reaches this process, too; the one that asked decides.
process.on("SIGINT", () => undefined);
process.once("message", (request: SeedRequest) => {
  measure(request)
    .catch((error: unknown) => reply({ type: "failed", message: String(error) }))
    .finally(() => process.disconnect());
});
