// The one way into the repository: `npm start`, `npm test` and the others call `node scripts/run.mjs <task>`.
// It runs on bare Node: installs what is missing, builds what is stale, then runs the task.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromiumHelp, findChromium, installChromium } from "./chromium.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = path.join(root, ".cache");
const packageFolder = path.join(root, "packages", "fluxion");
/** Node's options for a program in TypeScript that imports the library's sources. */
const fromSources = ["--import", "tsx", "--conditions", "fluxion-source"];
process.chdir(root);

/**
 * A task takes the words after its name and resolves to its exit code.
 * @type {Record<string, (args: string[]) => Promise<number>>}
 */
const tasks = {
  /** The newcomer's run. */
  async start(args) {
    await build();
    return node([path.join(packageFolder, "dist", "cli", "main.js"), "quickstart", ...args]);
  },
  test,
  lint,
  /** Formats everything that lint would complain about. */
  async format() {
    return node([bin("prettier"), "--write", "--log-level", "warn", "."]);
  },
  async build() {
    await build();
    return 0;
  },
  /** Speed against other libraries and against the limit; see bench/README.md. */
  async bench(args) {
    await build();
    return node(["--import", "tsx", path.join("bench", "main.ts"), ...args]);
  },
  /** The gallery on this machine, from sources, with every change at once. */
  async gallery() {
    return gallery("serve");
  },
  /** The gallery as a static site in apps/gallery/dist, or in the folder that is named. */
  async "build:gallery"(args) {
    return gallery("build", ...args);
  },
  /** Pictures of the gallery's cards into papers/<id>, of all papers or of those that are named. */
  async pictures(args) {
    return node([...fromSources, path.join("apps", "gallery", "pictures", "pictures.ts"), ...args]);
  },
  /** API pages into docs/api. */
  async docs(args) {
    return node([bin("typedoc"), ...args]);
  },
  /** Writes the package's subpath exports from its folders. */
  async exports() {
    return node(["scripts/exports.mjs"]);
  },
};

const [name = "", ...args] = process.argv.slice(2);
process.exitCode = await main().catch((/** @type {Error} */ error) => {
  console.error(error.message);
  return 1;
});

async function main() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Fluxion needs Node 20.19 or newer; this is ${process.versions.node}.`);
  }
  const task = tasks[name];
  if (!task) throw new Error(`No task "${name}". Tasks: ${Object.keys(tasks).join(", ")}.`);
  await install();
  return task(args);
}

/** Installs the packages when node_modules does not hold what package-lock.json names. */
async function install() {
  if (isInstalled()) return;
  console.log("Installing packages ...");
  // A first install is exact. Over an existing node_modules only the difference is installed.
  const command = existsSync("node_modules") ? "install" : "ci";
  const args = [command, "--prefer-offline", "--no-fund", "--no-audit", "--loglevel=error"];
  const npm = process.env["npm_execpath"];
  const code = npm
    ? await node([npm, ...args])
    : await run("npm", args, { shell: process.platform === "win32" });
  if (code !== 0) throw new Error(`npm ${command} failed (exit code ${code}); see above.`);
}

/** @returns {boolean} whether npm's record of node_modules agrees with package-lock.json */
function isInstalled() {
  const record = path.join("node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const present = JSON.parse(readFileSync(record, "utf8")).packages;
  /** @type {[string, { version?: string, optional?: boolean, devOptional?: boolean, link?: boolean }][]} */
  const wanted = Object.entries(JSON.parse(readFileSync("package-lock.json", "utf8")).packages);
  return wanted.every(
    ([key, entry]) =>
      !key.includes("node_modules/") ||
      entry.optional === true ||
      entry.devOptional === true ||
      entry.link === true ||
      present[key]?.version === entry.version,
  );
}

/** Compiles packages/fluxion to dist unless dist comes from exactly these sources. */
async function build() {
  if ((await node(["scripts/exports.mjs"])) !== 0)
    throw new Error("The subpath exports could not be written.");
  const stamp = path.join(packageFolder, "dist", ".sources");
  const sources = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return;
  // Not on the standard output, which may be meant for a machine (`npm run -s bench -- engine --json`).
  console.error("Building ...");
  // Built aside and moved into place, so that an interrupted or failed build leaves the last good one.
  const fresh = path.join(cache, `build-${process.pid}`);
  const project = path.join(packageFolder, "tsconfig.build.json");
  let code = await node([bin("tsc"), "-p", project, "--outDir", fresh]);
  // Claims and demos of the papers go along, so that an installed package can reproduce them. `npm run lint` checks their
  // types; here the compiler could not, because the package they import is just being built.
  const evidence = path.join("papers", "tsconfig.build.json");
  code ||= await node([bin("tsc"), "-p", evidence, "--outDir", path.join(fresh, "evidence")]);
  if (code !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error("The build failed; see above.");
  }
  writeFileSync(path.join(fresh, ".sources"), sources);
  rmSync(path.join(packageFolder, "dist"), { recursive: true, force: true });
  renameSync(fresh, path.join(packageFolder, "dist"));
}

/** @returns {string} a digest that changes with any source, the compiler's options and the installed packages */
function fingerprint() {
  const digest = createHash("sha256");
  const sources = readdirSync(path.join(packageFolder, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => path.join(packageFolder, "src", file));
  const evidence = readdirSync("papers", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => path.join(root, "papers", file));
  const settings = ["tsconfig.base.json", "package-lock.json", path.join("papers", "tsconfig.build.json")];
  const inPackage = ["tsconfig.json", "tsconfig.build.json", "package.json"];
  for (const file of [
    ...sources.sort(),
    ...evidence.sort(),
    ...settings,
    ...inPackage.map((file) => path.join(packageFolder, file)),
  ]) {
    digest.update(`${path.relative(root, file)}\n`).update(readFileSync(file));
  }
  return digest.digest("hex");
}

/**
 * Every test, or what the arguments select (they go to vitest). The last line is "N passed, N failed".
 * @param {string[]} args
 */
async function test(args) {
  const projects = args.flatMap(
    (arg, i) =>
      /^--project(?:=(.*))?$/
        .exec(arg)
        ?.slice(1)
        .map((name) => name ?? args[i + 1]) ?? [],
  );
  const needsBrowser = projects.length === 0 || projects.some((project) => project !== "node");
  if (needsBrowser && !findChromium()) {
    console.log("Installing Chromium for the browser tests ...");
    installChromium();
    if (!findChromium()) throw new Error(chromiumHelp);
  }
  mkdirSync(cache, { recursive: true });
  const file = path.join(cache, `test-counts-${process.pid}.json`);
  process.env["FLUXION_TEST_COUNTS"] = file;
  const reporters = ["--reporter=default", "--reporter=./scripts/count-reporter.ts"];
  const code = await node([bin("vitest"), "run", ...reporters, ...args]);
  const { passed, failed } = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : { passed: 0, failed: code === 0 ? 0 : 1 };
  rmSync(file, { force: true });
  console.log(`${passed} passed, ${code === 0 ? failed : Math.max(failed, 1)} failed`);
  return code;
}

/** ESLint, Prettier and the type checks of both TypeScript projects; everything is checked even after a failure. */
async function lint() {
  const eslint = node([
    bin("eslint"),
    ".",
    "--max-warnings=0",
    "--cache",
    "--cache-location",
    ".cache/eslint",
  ]);
  const rest = async () => {
    const codes = [await node(["scripts/exports.mjs", "--check"])];
    const prettierCache = ["--cache", "--cache-location", ".cache/prettier"];
    codes.push(await node([bin("prettier"), "--check", "--log-level", "warn", ".", ...prettierCache]));
    for (const [id, project] of Object.entries({ package: packageFolder, workspace: root })) {
      const incremental = ["--incremental", "--tsBuildInfoFile", path.join(cache, `${id}.tsbuildinfo`)];
      codes.push(await node([bin("tsc"), "-p", project, "--noEmit", "--pretty", ...incremental]));
    }
    return codes;
  };
  const codes = (await Promise.all([eslint, rest()])).flat();
  const failed = codes.filter((code) => code !== 0).length;
  console.log(failed === 0 ? "lint: clean" : `lint: ${failed} of ${codes.length} checks failed`);
  return failed === 0 ? 0 : 1;
}

/**
 * The script behind a package's command, to be run by this very Node.
 * @param {string} command such as "tsc"
 * @returns {string} absolute path
 */
function bin(command) {
  const owner = { tsc: "typescript" }[command] ?? command;
  const folder = path.join(root, "node_modules", owner);
  const { bin } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  return path.join(folder, typeof bin === "string" ? bin : bin[command]);
}

/** @param {string[]} args */
function gallery(...args) {
  return node([...fromSources, path.join("apps", "gallery", "site.ts"), ...args]);
}

/** @param {string[]} args */
function node(args) {
  return run(process.execPath, args, {});
}

/**
 * Runs a command on this terminal. An interrupt reaches the child as well, which decides how to stop.
 * @param {string} command
 * @param {string[]} args
 * @param {{ shell?: boolean }} options
 * @returns {Promise<number>} its exit code; 128 + the signal's number if a signal ended it
 */
function run(command, args, options) {
  // onnxruntime-node's install script reads this where a user's own npm settings let install scripts run.
  const env = { ONNXRUNTIME_NODE_INSTALL: "skip", ...process.env };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env, ...options });
    const wait = () => undefined;
    const forward = () => child.kill("SIGTERM");
    process.on("SIGINT", wait).on("SIGTERM", forward);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", wait).off("SIGTERM", forward);
      resolve(code ?? 128 + (signal ? os.constants.signals[signal] : 0));
    });
  });
}
