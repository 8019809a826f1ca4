// Long runs of random programs: `npm run fuzz -- --programs 20000 --seed 1 [--from K] [--json]`.
// Program k of seed S is always the same one, so a run that was stopped goes on with --from.
import { parseArgs } from "node:util";
import fc from "fast-check";
import { checkProgram } from "../packages/fluxion/src/testing/check-program.js";
import { programs } from "../packages/fluxion/src/testing/random-program.js";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
});
const [count, seed, from] = [values.programs, values.seed, values.from].map(Number);
if (![count, seed, from].every((n) => Number.isInteger(n) && n! >= 0)) {
  throw new Error("--programs, --seed and --from take whole numbers.");
}

/** Seed of program `k`: neighbouring runs share none. */
const seedOf = (k: number): number => (Math.imul(seed!, 0x9e3779b1) + k) | 0;

const began = performance.now();
let shown = began;
let tried = 0;
let failure: { program: number; message: string } | undefined;
for (let k = from!; k < count! && !failure; k++) {
  const options = { seed: seedOf(k), numRuns: 1 };
  try {
    await checkProgram(fc.sample(programs(), options)[0]!);
  } catch {
    const details = await fc.check(fc.asyncProperty(programs(), checkProgram), options);
    const cause = details.errorInstance;
    failure = { program: k, message: cause instanceof Error ? cause.message : String(cause) };
  }
  tried++;
  if (!values.json && performance.now() - shown > 2000) {
    shown = performance.now();
    const rate = tried / ((shown - began) / 1000);
    process.stderr.write(`\r${k + 1} of ${count} programs, ${rate.toFixed(0)} a second `);
  }
}
const seconds = Math.round((performance.now() - began) / 1000);
if (values.json) {
  process.stdout.write(
    `${JSON.stringify({ seed, from, programs: tried, seconds, passed: !failure, failure })}\n`,
  );
} else {
  process.stderr.write("\n");
  if (failure) {
    process.stdout.write(`Program ${failure.program} of seed ${seed} fails; shrunk:\n${failure.message}\n`);
    process.stdout.write(
      `Again: npm run fuzz -- --seed ${seed} --from ${failure.program} --programs ${failure.program + 1}\n`,
    );
  } else process.stdout.write(`${tried} programs of seed ${seed} agree (${seconds} s).\n`);
}
process.exitCode = failure ? 1 : 0;
