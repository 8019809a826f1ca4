// Builds or serves the gallery: `tsx --conditions fluxion-source apps/gallery/site.ts build|serve [folder]`.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, createServer, defaultClientConditions, type InlineConfig, type Plugin } from "vite";
import { papers } from "fluxion/papers";
import { entries, page, rooms, sourcesOf } from "./content/gather.js";
import { sizesOf, sizeTable } from "./sizes.js";

const root = fileURLToPath(new URL(".", import.meta.url));
const output = path.join(root, "dist");

/** The pages as modules: `virtual:papers` for the index, one chunk a paper and one a folder of code beside it. */
function contentPlugin(): Plugin {
  const module = (value: unknown): string => `export default ${JSON.stringify(value)};`;
  return {
    name: "gallery-content",
    resolveId: (id) => (/^virtual:(paper|source)/.test(id) ? `\0${id}` : undefined),
    async load(id) {
      if (id === "\0virtual:papers") {
        const done = papers.filter((p) => p.state === "done");
        const loaders = done.map((p) => `${JSON.stringify(p.id)}: () => import("virtual:paper/${p.id}")`);
        const texts = rooms().map(
          (room) => `${JSON.stringify(room)}: () => import("virtual:source/${room}")`,
        );
        return [
          module(await entries()),
          `export const pages = {\n${loaders.join(",\n")}\n};`,
          `export const sources = {\n${texts.join(",\n")}\n};`,
        ].join("\n");
      }
      if (id.startsWith("\0virtual:paper/")) return module(await page(id.slice("\0virtual:paper/".length)));
      if (id.startsWith("\0virtual:source/")) return module(sourcesOf(id.slice("\0virtual:source/".length)));
      return undefined;
    },
  };
}

const config = (folder: string): InlineConfig => ({
  configFile: false,
  root,
  // Relative addresses: the site works below any path.
  base: "./",
  cacheDir: path.join(root, "../../.cache/vite-gallery"),
  publicDir: path.join(root, "public"),
  plugins: [contentPlugin()],
  resolve: { conditions: ["fluxion-source", ...defaultClientConditions] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  build: {
    outDir: folder,
    emptyOutDir: true,
    // For sizes.ts.
    manifest: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  logLevel: "warn",
  // What the service worker does for the built site.
  server: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
});

/** Pages, programs, styles, pictures and the fonts that browsers choose: kept at the first visit. All else once it is used. */
const keptAtOnce = /\.(html|js|css|woff2|webp|svg)$/;
/** Fonts for browsers of long ago. */
const neverKept = /\.(woff|ttf)$/;

/** The service worker of a built site, which knows its files by name and content. */
async function buildServiceWorker(folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && path.basename(entry.parentPath) !== ".vite")
    .map((entry) => path.join(entry.parentPath, entry.name));
  const urlOf = (file: string): string => path.relative(folder, file).split(path.sep).join("/");
  // The names of assets tell their content: what the page has fetched already is not fetched again.
  const revision = (file: string): string | null =>
    path.basename(path.dirname(file)) === "assets"
      ? null
      : createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
  const SITE = {
    kept: files
      .filter((file) => keptAtOnce.test(file))
      .map((file) => ({ url: urlOf(file), revision: revision(file) })),
    onUse: files.filter((file) => !keptAtOnce.test(file) && !neverKept.test(file)).map(urlOf),
  };
  await build({
    configFile: false,
    root,
    logLevel: "warn",
    publicDir: false,
    define: { SITE: JSON.stringify(SITE), "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      reportCompressedSize: false,
      lib: {
        entry: path.join(root, "src/offline/service-worker.ts"),
        ...{ formats: ["iife"], name: "serviceWorker", fileName: () => "sw.js" },
      },
    },
  });
}

const [task = "", folder = output] = process.argv.slice(2);
if (task === "build") {
  // Whoever builds it (a test does, too): Vite takes the word from here if it is set.
  process.env["NODE_ENV"] = "production";
  await build(config(path.resolve(folder)));
  await buildServiceWorker(path.resolve(folder));
  const place = path.relative(process.cwd(), path.resolve(folder)) || ".";
  console.log(
    `${sizeTable(sizesOf(path.resolve(folder)))}\nThe gallery is in ${place}: serve it from any host.`,
  );
} else if (task === "serve") {
  const server = await createServer(config(output));
  await server.listen();
  server.printUrls();
} else {
  throw new Error(`site.ts: want build or serve, got "${task}"`);
}
