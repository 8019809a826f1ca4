// Builds the site that all tests of the gallery open. Not part of `startGallery`: one build serves every file of tests.
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the built gallery. */
    gallerySite: string;
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));

export async function setup(project: TestProject): Promise<void> {
  const folder = path.join(root, ".cache", "gallery-site");
  const site = path.join(root, "apps", "gallery", "site.ts");
  const args = ["--import", "tsx", "--conditions", "fluxion-source", site, "build", folder];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`the gallery's build failed:\n${said}`)),
    );
  });
  project.provide("gallerySite", folder);
}
