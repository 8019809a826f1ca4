// npm run bench -- <suite> [options]
import { engineSuite } from "./engine/suite.js";
import { flowsSuite } from "./flows/suite.js";
import { optimSuite } from "./optim/suite.js";
import { solveSuite } from "./solve/suite.js";
import type { Suite } from "./suite.js";

const suites: Readonly<Record<string, Suite>> = {
  ...{ engine: engineSuite, flows: flowsSuite, optim: optimSuite, solve: solveSuite },
};

async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  const suite = name !== undefined && Object.hasOwn(suites, name) ? suites[name]! : undefined;
  const help = [name, ...args].some((arg) => arg === "--help" || arg === "-h");
  if (suite) {
    if (help) console.log(suite.usage);
    else await suite.run(args);
    return;
  }
  const usage = `npm run bench -- <suite> [options], a suite being one of: ${Object.keys(suites).join(" ")}.
With --help after its name, a suite lists its options. bench/README.md says how to read the tables.`;
  if (!help) throw new Error(usage);
  console.log(usage);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
