// Builds or serves the gallery: `tsx --conditions fluxion-source apps/gallery/site.ts build|serve [folder]`.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, createServer, defaultClientConditions, type InlineConfig, type Plugin } from "vite";
import { papers } from "fluxion/papers";
import { entries, page } from "./content/gather.js";

const root = fileURLToPath(new URL(".", import.meta.url));
const output = path.join(root, "dist");

/** The pages as modules: `virtual:papers` for the index, one chunk a paper beside it. */
function contentPlugin(): Plugin {
  const module = (value: unknown): string => `export default ${JSON.stringify(value)};`;
  return {
    name: "gallery-content",
    resolveId: (id) => (id.startsWith("virtual:paper") ? `\0${id}` : undefined),
    async load(id) {
      if (id === "\0virtual:papers") {
        const done = papers.filter((p) => p.state === "done");
        const loaders = done.map((p) => `${JSON.stringify(p.id)}: () => import("virtual:paper/${p.id}")`);
        return `${module(entries())}\nexport const pages = {\n${loaders.join(",\n")}\n};`;
      }
      if (id.startsWith("\0virtual:paper/")) return module(await page(id.slice("\0virtual:paper/".length)));
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
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  logLevel: "warn",
});

const [task = "", folder = output] = process.argv.slice(2);
if (task === "build") {
  await build(config(path.resolve(folder)));
  console.log(
    `The gallery is in ${path.relative(process.cwd(), path.resolve(folder)) || "."}: serve it from any host.`,
  );
} else if (task === "serve") {
  const server = await createServer(config(output));
  await server.listen();
  server.printUrls();
} else {
  throw new Error(`site.ts: want build or serve, got "${task}"`);
}
