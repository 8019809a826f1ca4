import { describe, expect, it, vi } from "vitest";
import { fields, papers } from "../papers/index.js";
import { run } from "./program.js";

/** Runs a command line in this process. */
async function fluxion(line = ""): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  }
  vi.spyOn(console, "log").mockImplementation((text: string) => void (said.stdout += `${text}\n`));
  vi.spyOn(console, "error").mockImplementation((text: string) => void (said.stderr += `${text}\n`));
  try {
    const code = await run(["node", "fluxion", ...line.split(" ").filter(Boolean)]);
    return { code, ...said };
  } finally {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  }
}

const wrong: Record<string, RegExp> = {
  trian: /unknown command 'trian' \(Did you mean train\?\)/,
  "train --stepz 3": /unknown option '--stepz' \(Did you mean --steps\?\)/,
  "train --model cnn": /'cnn' is invalid.*mlp, dit, mmdit, unet/,
  "train --data moons --model dit": /mlp for points/,
  "train --data nowhere": /--data: want .*moons.*got .*nowhere/,
  "train --data moons --conditional": /--conditional: want data with classes/,
  "train --data moons --width 12 --optimizer adma": /'adma' is invalid.*adam/,
  "train --data moons --optimizer adamw --optimizer-option b9=0.5": /optim\.adamw: want one of b1.*"b9"/,
  "train --data moons --optimizer adamw --optimizer-option b1=2": /b1 a number in \[0, 1\), got 2/,
  "train --optimizer-option learningRate=1": /learning rate is --lr/,
  "train --optimizer-option b1": /Want name=value/,
  "train --data moons --device tpu": /device: want one of cpu.*got tpu/,
  "train --steps -3": /'-3' is invalid.*whole number in 1 …/,
  "train --steps NaN": /'NaN' is invalid/,
  "train --steps 1.5": /'1.5' is invalid/,
  "train --steps 1e9999": /invalid/,
  "train --width 1000000000": /at most|in 1 … 8192/,
  "train --lr 0": /number above 0/,
  "train --lr Infinity": /'Infinity' is invalid/,
  "train --ema 1": /number in \[0, 1\)/,
  "train --seed 4294967296": /in 0 … 4294967295/,
  "train extra": /too many arguments/,
  sample: /missing required argument 'run'/,
  "sample nowhere": /nowhere: want a run folder/,
  "sample nowhere --solver rk45": /'rk45' is invalid.*euler, heun, midpoint, rk4/,
  "eval nowhere --steps 1,two": /'1,two' is invalid/,
  "inspect nowhere.onnx": /nowhere\.onnx: want a readable file/,
  "inspect x.onnx --size batch": /--size/,
  "solve covex-fit": /unknown command 'covex-fit'.*convex-fit/,
  "solve convex-fit": /missing required argument 'table'/,
  "solve convex-fit nowhere.csv": /nowhere\.csv: want a readable file/,
  "solve convex-fit x.csv --beta 0": /number above 0/,
  "solve convex-fit x.csv --holdout 1": /number in \[0, 1\)/,
  "solve convex-fit x.csv --loss hinge": /'hinge' is invalid.*squared, cross-entropy/,
  "solve convex-fit x.csv --patterns few": /'few' is invalid/,
  "papers nope": /papers: want the id of a paper, got "nope"/,
  "papers rectified": /did you mean rectified-flow or /,
  "reproduce nope": /want the id of a paper, got "nope"/,
  "reproduce rectified-flow --tier slow": /'slow' is invalid.*quick, full/,
};

describe("the command line", { timeout: 30_000 }, () => {
  it.each(Object.entries(wrong))("answers `%s` with one line and exit code 2", async (line, words) => {
    const { code, stdout, stderr } = await fluxion(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toMatch(words);
  });

  it("has a help for every command, with groups and examples", async () => {
    const { code, stdout } = await fluxion("--help");
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]!);
    expect(commands).toEqual([
      ...["quickstart", "train", "reflow", "distil", "sample", "eval", "export", "inspect"],
      ...["attention", "solve"],
      ...["papers", "reproduce", "bench", "help"],
    ]);
    for (const command of commands.slice(0, -1)) {
      const help = await fluxion(`help ${command}`);
      expect(help, command).toMatchObject({ code: 0, stderr: "" });
      expect((await fluxion(`${command} --help`)).stdout).toBe(help.stdout);
      const widest = Math.max(...help.stdout.split("\n").map((text) => text.length));
      expect(widest, command).toBeLessThanOrEqual(120);
      if (!["quickstart", "bench"].includes(command)) {
        expect(help.stdout, command).toContain("\nExamples:\n  $ fluxion ");
      }
      if (["train", "reflow", "distil"].includes(command)) {
        for (const group of ["Run folder:", "Training:", "Other options:"])
          expect(help.stdout).toContain(group);
        expect(help.stdout).toMatch(/--steps <n> +optimizer steps \(default: \d+\)/);
      }
    }
  });

  it("without a command says what there is, with exit code 2", async () => {
    const bare = await fluxion();
    expect(bare).toMatchObject({ code: 2, stdout: "" });
    expect(bare.stderr).toContain("Make a flow:");
    const version = await fluxion("--version");
    expect(version.code).toBe(0);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  it("lists the papers, and tells about one", async () => {
    const list = await fluxion("papers");
    expect(list).toMatchObject({ code: 0, stderr: "" });
    for (const { id } of papers) expect(list.stdout).toContain(`  ${id} `);
    for (const heading of Object.values(fields)) expect(list.stdout).toContain(`\n${heading}\n`);
    expect(JSON.parse((await fluxion("papers --json")).stdout)).toEqual(papers);
    expect((await fluxion("papers rectified-flow")).stdout).toContain("arXiv 2209.03003");
    const one = JSON.parse((await fluxion("papers rectified-flow --json")).stdout) as object;
    expect(one).toMatchObject({ id: "rectified-flow" });
  });
});
