import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeNpy } from "../../data/npy.js";
import { run } from "../program.js";

const folder = mkdtempSync(path.join(tmpdir(), "fluxion-attention-"));
const file = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

/** Standard output, or the error's text. */
async function fluxion(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  for (const name of ["log", "error"] as const)
    vi.spyOn(console, name).mockImplementation((text: string) => void lines.push(text));
  const code = await run(["node", "fluxion", "attention", ...args]);
  vi.restoreAllMocks();
  return { code, text: lines.join("\n") };
}

describe("fluxion attention", () => {
  beforeAll(() => {
    const save = (name: string, values: number[], shape: number[]): void =>
      writeFileSync(file(name), encodeNpy({ data: Float32Array.from(values), shape }));
    // Two sequences of three tokens; W prefers the first feature for one query and the second for the other.
    save("x.npy", [2, 0, 0, 1, 0, 0, 0, 0, 1, 2, -1, 0], [2, 3, 2]);
    save("z.npy", [1, 0, 0, 1], [2, 2]);
    save("w.npy", [1, 0, 0, 1], [2, 2]);
    writeFileSync(file("k.csv"), "1,0\n0,1\n");
    writeFileSync(file("mask.npy"), encodeNpy({ data: Uint8Array.from([0, 1, 1, 1, 1, 1]), shape: [2, 3] }));
  });
  const data = [file("x.npy"), file("z.npy")];

  it("reports the selection for W, and the same for K and Q", async () => {
    const { code, text } = await fluxion(...data, "--weights", file("w.npy"));
    expect(code).toBe(0);
    // Logits 2, 0, 0: a probability of e² / (e² + 2).
    expect(text).toMatch(/ 0 +0 +0\.787 +1 +2 /);
    expect(text).toContain("the data see 100 % of W");
    const json = async (...args: string[]) =>
      JSON.parse((await fluxion(...data, ...args, "--json")).text) as object;
    const w = await json("--weights", file("w.npy"));
    expect(w).toEqual(await json("--key", file("k.csv"), "--query", file("k.csv")));
    expect(w).toMatchObject({
      sequences: [{ selected: 0 }, { selected: 1 }],
      frobenius: { separator: { status: "converged" } },
      seen: 1,
    });
    const masked = await json("--weights", file("w.npy"), "--mask", file("mask.npy"));
    expect(masked).toMatchObject({ sequences: [{ selected: 1 }, { selected: 1 }] });
  });

  it("says what is wrong", async () => {
    expect(await fluxion(...data)).toEqual({
      code: 2,
      text: "error: attention: want --weights, or --key and --query, got none of them",
    });
    expect((await fluxion(...data, "--key", file("k.csv"))).text).toContain("got --key");
    expect((await fluxion(...data, "--weights", file("x.npy"))).text).toContain("weights w [2, 2]");
    expect((await fluxion(data[1]!, data[1]!, "--weights", file("w.npy"))).text).toContain(
      "tokens: want [n, T, d]",
    );
    expect((await fluxion("nowhere.npy", data[1]!, "--weights", file("w.npy"))).code).toBe(2);
  });
});
