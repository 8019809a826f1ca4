import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { chromiumArgs, findChromium } from "./scripts/chromium.mjs";

// Tests import the TypeScript sources: this condition comes first in the package's exports and imports maps.
const source = "fluxion-source";
const executablePath = findChromium();

/** Wasm threads need SharedArrayBuffer, which a page only has when it is cross-origin isolated. */
const crossOriginIsolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

export default defineConfig({
  cacheDir: ".cache/vite",
  test: {
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
        test: {
          name: "node",
          testTimeout: 30_000,
          include: ["{packages/fluxion/src,papers,examples,bench,scripts}/**/*.test.ts"],
          exclude: ["**/*.browser.test.ts", "scripts/pack.test.ts", "**/node_modules/**"],
          setupFiles: ["scripts/fail-on-console.ts"],
        },
      },
      {
        extends: true,
        server: { headers: crossOriginIsolation },
        resolve: { conditions: [source, ...defaultClientConditions] },
        // Prebundling would part onnxruntime-web from its .wasm files.
        optimizeDeps: { exclude: ["onnxruntime-web"] },
        test: {
          name: "browser",
          testTimeout: 60_000,
          // The engine's own suite runs here too: the same operators and transforms on ONNX Runtime's Wasm build.
          include: [
            "packages/fluxion/src/**/*.browser.test.ts",
            "packages/fluxion/src/{core,ops,compile}/**/*.test.ts",
          ],
          exclude: ["**/*.node.test.ts", "**/node_modules/**"],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { args: chromiumArgs, ...(executablePath && { executablePath }) },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
      {
        extends: true,
        ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
        test: {
          name: "gallery",
          include: ["apps/gallery/**/*.test.ts"],
          globalSetup: "apps/gallery/build-once.ts",
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // A page answers when it has computed.
          expect: { poll: { timeout: 15_000 } },
          // Pages compute in workers: two at a time on two cores.
          maxConcurrency: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "package",
          include: ["scripts/pack.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
