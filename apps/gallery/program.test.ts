import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { program } from "./src/program.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("gives a program that runs in a checkout", () => {
  // A folder that looks like the checkout's own.
  mkdirSync(path.join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(path.join(root, ".cache", "program-"));
  try {
    symlinkSync(path.join(root, "papers"), path.join(folder, "papers"));
    writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(path.join(folder, "try.ts"), program("diffgrad", { half: false, rate: 0.2 }));
    const args = ["--import", "tsx", "--conditions", "fluxion-source", path.join(folder, "try.ts")];
    const said = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    // At twice the rate diffGrad stays in the worse minimum of F1.
    expect(Number(/Value that diffGrad has reached ([\d.e-]+)/.exec(said)?.[1])).toBeCloseTo(0.05, 2);
    expect(said).toContain("Adam");
    expect(said).not.toContain("half the rate");
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
