import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Writes `{ passed, failed }` of a run to the file that FLUXION_TEST_COUNTS names, for the closing line of `npm test`.
 * What goes wrong outside a test (a file that does not load, a failed hook, an unhandled rejection) counts as one failed.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      const results = Array.from(module.children.allTests(), (test) => test.result().state);
      const failedTests = results.filter((state) => state === "failed").length;
      passed += results.filter((state) => state === "passed").length;
      failed += module.state() === "failed" ? Math.max(failedTests, 1) : failedTests;
    }
    const file = process.env.FLUXION_TEST_COUNTS;
    if (file) writeFileSync(file, JSON.stringify({ passed, failed }));
  }
}
