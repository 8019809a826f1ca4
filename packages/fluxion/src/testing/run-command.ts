import { vi } from "vitest";
import { run } from "../cli/program.js";

/** Runs the command line in this process. @returns its exit code, and what it printed or the error's text */
export async function runCommand(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  for (const name of ["log", "error"] as const)
    vi.spyOn(console, name).mockImplementation((text: string) => void lines.push(text));
  const before = process.listeners("SIGINT");
  const code = await run(["node", "fluxion", ...args]);
  for (const listener of process.listeners("SIGINT"))
    if (!before.includes(listener)) process.off("SIGINT", listener);
  process.exitCode = undefined;
  vi.restoreAllMocks();
  return { code, text: lines.join("\n") };
}
