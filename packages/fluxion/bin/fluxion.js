#!/usr/bin/env node
// The command's stable address: npm links and marks it executable before anything has been built.
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error("fluxion is not built yet: run `npm run build` at the root of the repository.");
  process.exitCode = 1;
}
