// The published form: the packed tarball, installed from nothing in a Node project and in a Vite app, must train the
// example in both, load from every subpath, and give types to both of TypeScript's module resolutions.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { publint } from "publint";
import { transpileModule, ModuleKind, ScriptTarget } from "typescript";
import { preview } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chromiumArgs, findChromium } from "./chromium.mjs";
import { entryPoints } from "./exports.mjs";

const root = path.resolve(import.meta.dirname, "..");
/** What both projects run: the example of the README. Its last printed line is "loss <number>". */
const example = readFileSync(path.join(root, "examples", "01-linear-regression.ts"), "utf8");
const temporary = mkdtempSync(path.join(os.tmpdir(), "fluxion-pack-"));
const subpaths = entryPoints().map(({ subpath }) => path.posix.join("fluxion", subpath));
let tarball = "";

beforeAll(() => {
  run(root, process.execPath, ["scripts/run.mjs", "build"]);
  const packed = npm(root, ["pack", "-w", "fluxion", "--json", "--pack-destination", temporary]);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  tarball = path.join(temporary, filename);
});

afterAll(() => {
  rmSync(temporary, { recursive: true, force: true });
});

it("is a package that publint finds nothing wrong with", async () => {
  const bytes = new Uint8Array(readFileSync(tarball));
  const { messages } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
  expect(messages).toEqual([]);
});

it("works in an empty Node project, with types for every subpath", () => {
  const versions = ["@types/node"].map(installedVersion);
  const project = createProject("node-project", [tarball, ...versions]);

  const imports = subpaths.map((subpath, i) => `import * as entry${i} from "${subpath}";`).join("\n");
  const names = subpaths.map((_, i) => `entry${i}`).join(", ");
  writeFileSync(path.join(project, "entries.ts"), `${imports}\nconsole.log([${names}].length);\n`);
  writeFileSync(path.join(project, "example.ts"), example);
  for (const [module, moduleResolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ]) {
    const compilerOptions = { strict: true, noEmit: true, target: "ES2022", module, moduleResolution };
    const config = {
      compilerOptions: { ...compilerOptions, types: ["node"] },
      files: ["entries.ts", "example.ts"],
    };
    writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify(config));
    run(project, process.execPath, [path.join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "."]);
  }

  expect(runTypeScript(project, "entries.ts")).toBe(`${subpaths.length}\n`);
  expectTrained(runTypeScript(project, "example.ts"));
});

it("works in an empty Vite app, in the browser", async () => {
  const app = createProject("vite-app", [tarball, installedVersion("vite")]);
  writeFileSync(path.join(app, "index.html"), `<script type="module" src="/main.ts"></script>\n`);
  writeFileSync(path.join(app, "example.ts"), example);
  writeFileSync(path.join(app, "main.ts"), `await import("./example.js");\ndocument.title = "done";\n`);
  run(app, process.execPath, [
    path.join("node_modules", "vite", "bin", "vite.js"),
    "build",
    "--logLevel",
    "warn",
  ]);
  expectTrained(await pageOutput(app));
});

/** Serves the built app and returns what its page prints until it says that it is done. */
async function pageOutput(app: string): Promise<string> {
  const server = await preview({ root: app, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
  const executablePath = findChromium();
  const browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) });
  try {
    const page = await browser.newPage();
    const printed: string[] = [];
    page.on("console", (message) => message.type() === "log" && printed.push(`${message.text()}\n`));
    const crashed = new Promise<never>((_, reject) => page.on("pageerror", reject));
    await page.goto(server.resolvedUrls?.local[0] ?? "");
    await Promise.race([
      crashed,
      page.waitForFunction(() => document.title === "done", undefined, { timeout: 60_000 }),
    ]);
    return printed.join("");
  } finally {
    await browser.close();
    await server.close();
  }
}

function expectTrained(output: string): void {
  const loss = /^loss (\S+)$/.exec(output.trimEnd().split("\n").at(-1) ?? "")?.[1];
  expect(Number(loss), output).toBeLessThan(1e-6);
}

/** An npm project with nothing in it but these packages. */
function createProject(name: string, packages: string[]): string {
  const folder = mkdtempSync(path.join(temporary, `${name}-`));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  npm(folder, ["install", "--prefer-offline", "--ignore-scripts", ...packages]);
  return folder;
}

/** The version this repository has of a package, as npm writes it; so that npm finds it in its cache. */
function installedVersion(name: string): string {
  const manifest = readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8");
  return `${name}@${(JSON.parse(manifest) as { version: string }).version}`;
}

/** Node 20 runs no TypeScript, so the file is stripped of its types first. */
function runTypeScript(folder: string, file: string): string {
  const compilerOptions = {
    module: ModuleKind.ESNext,
    target: ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
  };
  const { outputText } = transpileModule(readFileSync(path.join(folder, file), "utf8"), { compilerOptions });
  const script = file.replace(/\.ts$/, ".js");
  writeFileSync(path.join(folder, script), outputText);
  return run(folder, process.execPath, [script]);
}

function npm(folder: string, args: string[]): string {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  return process.env.npm_execpath
    ? run(folder, process.execPath, [process.env.npm_execpath, ...args, ...quiet])
    : run(folder, "npm", [...args, ...quiet]);
}

/** Runs a command to its end and returns what it printed; fails with its whole output if it fails. */
function run(folder: string, command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  expect(status, `${command} ${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}
