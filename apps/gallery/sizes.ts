// How large the parts of a built gallery are: what a reader waits for.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

/** A part of the site. */
export interface Size {
  readonly part: string;
  /** As stored. */
  readonly bytes: number;
  /** As most hosts send it; only of text. */
  readonly compressed?: number;
}

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

/**
 * Sizes of the parts of a site that was built with a manifest.
 * @param folder of the site
 * @returns first paint, what a paper's page adds to it (the largest paper's), the two engines
 */
export function sizesOf(folder: string): Size[] {
  const manifest = JSON.parse(readFileSync(path.join(folder, ".vite/manifest.json"), "utf8")) as Record<
    string,
    Chunk
  >;
  /** A chunk's script and styles with those of all that it imports at once. */
  const filesOf = (key: string, found = new Set<string>()): Set<string> => {
    const { file, imports = [], css = [] } = manifest[key]!;
    if (!found.has(file)) {
      for (const name of [file, ...css]) found.add(name);
      for (const name of imports) filesOf(name, found);
    }
    return found;
  };
  const read = (file: string): Buffer => readFileSync(path.join(folder, file));
  const text = (part: string, files: readonly string[]): Size => ({
    part,
    bytes: files.reduce((sum, file) => sum + read(file).length, 0),
    compressed: files.reduce((sum, file) => sum + gzipSync(read(file)).length, 0),
  });
  const [first, page] = [filesOf("index.html"), filesOf("src/paper-page.tsx")];
  const [largest] = Object.keys(manifest)
    .filter((key) => key.includes("virtual:paper/"))
    .map((key) => manifest[key]!.file)
    .sort((a, b) => read(b).length - read(a).length);
  const only = (list: ReadonlySet<string>, kind: RegExp): string[] => [...list].filter((f) => kind.test(f));
  const added = new Set([...page, largest!].filter((file) => !first.has(file)));
  const modules = readdirSync(path.join(folder, "assets")).filter((file) => file.endsWith(".wasm"));
  const engine = (part: string, forGpu: boolean): Size => {
    const file = modules.find((name) => name.includes("asyncify") === forGpu)!;
    return { part, bytes: statSync(path.join(folder, "assets", file)).size };
  };
  return [
    text("first paint, script", only(first, /\.js$/)),
    text("first paint, styles", only(first, /\.css$/)),
    text("the longest page adds", only(added, /\.js$/)),
    text("its styles", only(added, /\.css$/)),
    engine("engine, Wasm", false),
    engine("engine, WebGPU", true),
  ];
}

/** The sizes as lines of text. */
export function sizeTable(sizes: readonly Size[]): string {
  const kilo = (bytes: number | undefined): string =>
    (bytes === undefined ? "" : `${(bytes / 1000).toFixed(0)} kB`).padStart(12);
  const head = `${"".padEnd(24)}${"stored".padStart(12)}${"compressed".padStart(12)}`;
  const lines = sizes.map((s) => `${s.part.padEnd(24)}${kilo(s.bytes)}${kilo(s.compressed)}`.trimEnd());
  return [head, ...lines].join("\n");
}
