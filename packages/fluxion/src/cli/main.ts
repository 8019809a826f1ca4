#!/usr/bin/env node
import { run } from "./program.js";

// A reader that has seen enough, as in `fluxion papers | head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.exitCode = await run(process.argv);
