// Writes the "exports" of packages/fluxion/package.json from its source folders, so that no list is kept by hand:
// src/index.ts is ".", src/<folder>/index.ts is "./<folder>", src/<folder>/node/index.ts is "./<folder>/node"
// (the part of a folder that needs Node's file system). With --check it only compares, and exits 1 on a difference.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const packageFolder = fileURLToPath(new URL("../packages/fluxion/", import.meta.url));
const packageFile = path.join(packageFolder, "package.json");

/** Folders of src that are the inside of the engine or of the tests; src/index.ts re-exports what is public. */
const internal = new Set(["cli", "compile", "core", "ops", "testing"]);

/**
 * The public entry points, in the order of the package file.
 * @returns {{ subpath: string, source: string }[]} subpath such as "./flow", source such as "flow/index.ts"
 */
export function entryPoints() {
  const src = path.join(packageFolder, "src");
  const folders = readdirSync(src, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !internal.has(entry.name))
    .flatMap((entry) => [entry.name, `${entry.name}/node`])
    .sort();
  return ["", ...folders]
    .map((folder) => ({
      subpath: folder === "" ? "." : `./${folder}`,
      source: path.posix.join(folder, "index.ts"),
    }))
    .filter(({ source }) => existsSync(path.join(src, source)));
}

/** @returns {Record<string, unknown>} the "exports" field; the source condition serves tests, tsx and editors */
function exportsField() {
  const entries = entryPoints().map(({ subpath, source }) => {
    const built = source.replace(/\.ts$/, "");
    return [
      subpath,
      {
        "fluxion-source": `./src/${source}`,
        types: `./dist/${built}.d.ts`,
        default: `./dist/${built}.js`,
      },
    ];
  });
  return { ...Object.fromEntries(entries), "./package.json": "./package.json" };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const manifest = JSON.parse(readFileSync(packageFile, "utf8"));
  const wanted = exportsField();
  const same = JSON.stringify(manifest.exports) === JSON.stringify(wanted);
  if (!same && process.argv.includes("--check")) {
    console.error(
      "packages/fluxion/package.json: exports differ from the source folders; run `npm run exports`.",
    );
    process.exitCode = 1;
  } else if (!same) {
    manifest.exports = wanted;
    writeFileSync(packageFile, `${JSON.stringify(manifest, undefined, 2)}\n`);
  }
}
