// Finds the Chromium that the browser tests run in, and installs one where that needs no question.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/**
 * Flags for every headless Chromium of this repository: no sandbox (containers, root), no background traffic, and
 * WebGPU on the software adapter, without which `navigator.gpu` has no adapter on a machine without a GPU.
 */
export const chromiumArgs = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
];

/**
 * The Chromium to use: the environment variable FLUXION_CHROMIUM, a system browser, or Playwright's cache.
 * @returns {string | undefined} absolute path of an executable file, undefined if there is none
 * @throws {Error} if FLUXION_CHROMIUM is set to something that cannot be run
 */
export function findChromium() {
  const chosen = process.env["FLUXION_CHROMIUM"];
  if (chosen) {
    if (!isExecutable(chosen)) throw new Error(`FLUXION_CHROMIUM: no executable file at ${chosen}`);
    return path.resolve(chosen);
  }
  return [...systemCandidates(), ...playwrightCandidates()].find(isExecutable);
}

/**
 * Installs Chromium: with apt-get for root on Debian and its like, else with Playwright's own download.
 * Both print their progress. Whether it worked is what findChromium() says afterwards.
 */
export function installChromium() {
  if (process.platform === "linux" && process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (/** @type {string[]} */ ...args) =>
      spawnSync("apt-get", ["-qq", ...args], { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
    if (apt("update") && apt("install", "-y", "--no-install-recommends", "chromium") && findChromium())
      return;
  }
  const cli = path.join("node_modules", "playwright-core", "cli.js");
  if (existsSync(cli)) spawnSync(process.execPath, [cli, "install", "chromium"], { stdio: "inherit" });
}

/** What to tell somebody whose machine has no Chromium. */
export const chromiumHelp = [
  "The browser tests need Chromium, and none was found or could be installed. One of these helps:",
  "  - Debian, Ubuntu:  sudo apt-get install chromium",
  "  - anywhere:        npx playwright-core install --with-deps chromium",
  "  - an existing one: FLUXION_CHROMIUM=/path/to/chrome npm test",
  "Without a browser, `npm test -- --project node` runs the other tests.",
].join("\n");

/** @returns {string[]} where the platforms' own packages put Chromium and Chrome */
function systemCandidates() {
  if (process.platform === "darwin") {
    return ["Chromium", "Google Chrome"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  }
  if (process.platform === "win32") {
    return ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"]
      .map((name) => process.env[name])
      .filter((folder) => folder !== undefined)
      .map((folder) => path.join(folder, "Google", "Chrome", "Application", "chrome.exe"));
  }
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const folders = (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder));
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
}

/** @returns {string[]} the Chromium builds in Playwright's cache, newest first */
function playwrightCandidates() {
  const caches = {
    darwin: path.join(os.homedir(), "Library", "Caches"),
    win32: process.env["LOCALAPPDATA"] ?? os.homedir(),
  };
  const cache =
    caches[/** @type {"darwin" | "win32"} */ (process.platform)] ??
    process.env["XDG_CACHE_HOME"] ??
    path.join(os.homedir(), ".cache");
  const root = process.env["PLAYWRIGHT_BROWSERS_PATH"] ?? path.join(cache, "ms-playwright");
  if (!existsSync(root)) return [];
  const mac = path.join("Chromium.app", "Contents", "MacOS", "Chromium");
  return readdirSync(root)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((a, b) => Number(b.split("-")[1]) - Number(a.split("-")[1]))
    .flatMap((build) =>
      readdirSync(path.join(root, build))
        .filter((name) => name.startsWith("chrome-"))
        .flatMap((name) =>
          ["chrome", "chrome.exe", mac].map((executable) => path.join(root, build, name, executable)),
        ),
    );
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
