import eslint from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const library = "packages/fluxion/src/**/*.ts";
const tests = "**/*.test.ts";
const cli = "packages/fluxion/src/cli/**";

export default defineConfig(
  { ignores: ["**/dist/", "**/node_modules/", "**/coverage/", "**/runs/", ".cache/", "docs/api/"] },
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Functions are async because their type says so, not because they await.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: [library],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Randomness comes from explicit keys (core/random)." },
      ],
    },
  },
  {
    files: [library],
    ignores: [cli, tests],
    rules: {
      "no-console": "error",
      "no-restricted-globals": [
        "error",
        { name: "Date", message: "The library reads no clock but performance.now()." },
      ],
    },
  },
  {
    // Everything else must load in a browser: Node's modules only behind #runtime and the "/node" entry points.
    files: [library],
    ignores: [cli, tests, "**/node/**", "**/*-node.ts", "**/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [{ group: ["node:*", "onnxruntime-node", "sharp"], allowTypeImports: true }],
        },
      ],
    },
  },
  {
    // Plain JavaScript reads untyped JSON, and TypeScript knows better which names exist.
    files: ["**/*.mjs", "**/*.js"],
    rules: {
      "no-undef": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
