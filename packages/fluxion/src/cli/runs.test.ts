import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCli, type Cli, type Ended } from "../testing/cli-process.js";

let cli: Cli;
const tiny = ["--data", "moons", "--steps", "40", "--width", "16", "--depth", "1", "--limit", "500"];
const at = (...names: string[]): string => join(cli.folder, ...names);
const bytesOf = (...names: string[]): Promise<Buffer> => readFile(at(...names));

/** What a command with --json printed, which is one document and nothing else. */
const json = ({ code, stdout, stderr }: Ended): Record<string, unknown> => {
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};
/** Exit code 2 and one line that matches. */
const refused = ({ code, stdout, stderr }: Ended, ...words: RegExp[]): void => {
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  for (const word of words) expect(stderr).toMatch(word);
};

beforeAll(async () => {
  cli = await buildCli();
  const { code, stdout } = await cli.run("train", ...tiny, "--out", "flow");
  expect(code).toBe(0);
  // Piped to a file, progress is a line at the start of each part.
  expect(stdout).toMatch(
    /^data moons: 500 x 2\ntrain \.\.\.\nsamples \.\.\.\nloss \d\.\d{4}; pictures: .*\n$/,
  );
}, 60_000);
afterAll(() => cli.remove());

describe("a chain of runs", { timeout: 60_000 }, () => {
  it("a smaller student: reflowed anew with annealing, distilled with guidance by its flow", async () => {
    const short = ["--steps", "20", "--pairs", "100", "--json"];
    const student = ["--objective", "annealed", "--width", "8", "--out", "small"];
    expect(json(await cli.run("reflow", "flow", ...student, ...short))).toMatchObject({ status: "ok" });
    const config = JSON.parse((await bytesOf("small", "config.json")).toString()) as { network: object };
    expect(config).toMatchObject({ objective: "annealed", network: { width: 8, depth: 1 } });
    const guided = ["--method", "flow-guided", "--out", "small-one"];
    expect(json(await cli.run("distil", "small", ...guided, ...short))).toMatchObject({ status: "ok" });
    expect(json(await cli.run("distil", "--resume", "small-one", "--json"))).toMatchObject({ step: 20 });
    const several = ["--method", "flow-guided", "--sampler-steps", "2", "--out", "no"];
    refused(await cli.run("distil", "small", ...several), /sampler-steps/, /flow-guided/);
  });

  it("a diffusion model keeps its form: rectified, in phases, with rfpp's objective, exported", async () => {
    const form = { form: "diffusion" };
    const short = ["--steps", "20", "--pairs", "100", "--json"];
    await cli.run("train", ...tiny, "--objective", "diffusion", "--out", "vp");
    for (const objective of ["rectified-flow", "phased", "rfpp"]) {
      const out = ["--objective", objective, "--out", `vp-${objective}`];
      expect(json(await cli.run("reflow", "vp", ...out, ...short))).toMatchObject({ status: "ok" });
      const config = JSON.parse((await bytesOf(`vp-${objective}`, "config.json")).toString()) as object;
      expect(config).toMatchObject(objective === "rectified-flow" ? form : { ...form, objective });
    }
    // Resumed with the pairs it began with, spans among them; there is nothing left to do.
    const again = await cli.run("reflow", "--resume", "vp-phased", "--json");
    expect(json(again)).toMatchObject({ status: "ok", step: 20 });
    const sampled = json(await cli.run("sample", "vp-phased", "--steps", "4", "--n", "20", "--json"));
    expect(sampled).toMatchObject({ solver: "ddim on discrete-1000" });
    expect(json(await cli.run("export", "vp-phased", "--steps", "4", "--json"))).toMatchObject({ steps: 4 });
    refused(await cli.run("reflow", "vp", "--features", "x.onnx", "--out", "no"), /--features/, /rfpp/);
    refused(
      await cli.run("reflow", "vp", "--objective", "rfpp", "--features", "x.onnx", "--out", "no"),
      /x\.onnx/,
    );
  });

  it("train, reflow, distil, sample, eval, export, inspect", async () => {
    expect((await readdir(at("flow"))).sort()).toEqual(
      ["checkpoints", "config.json", "loss.svg", "metrics.jsonl", "model.safetensors", "samples.svg"].sort(),
    );
    const straight = json(
      await cli.run("reflow", "flow", "--out", "straight", "--steps", "30", "--pairs", "200", "--json"),
    );
    expect(straight).toMatchObject({ folder: "straight", status: "ok", step: 30 });
    const one = [
      "distil",
      "straight",
      "--out",
      "one",
      "--steps",
      "30",
      "--pairs",
      "200",
      "--pair-steps",
      "5",
    ];
    expect(json(await cli.run(...one, "--json"))).toMatchObject({
      status: "ok",
      samples: join("one", "samples.svg"),
    });
    expect(JSON.parse((await bytesOf("one", "config.json")).toString())).toMatchObject({
      ...{ command: "distil", parent: join("..", "straight"), samplerSteps: 1, pairSteps: 5 },
    });

    const [sample, again, quality, exported] = await Promise.all([
      cli.run("sample", "one", "--n", "20", "--steps", "1", "--out", "a/points", "--json"),
      cli.run("sample", "one", "--n", "20", "--steps", "1", "--out", "b/points.svg", "--json"),
      cli.run("eval", "flow", "one", "--n", "100", "--steps", "1,3", "--solver", "heun", "--json"),
      cli.run("export", "one", "--json"),
    ]);
    expect(json(sample)).toEqual({
      file: join("a", "points.svg"),
      n: 20,
      steps: 1,
      solver: "euler",
      seed: 0,
    });
    json(again);
    expect((await bytesOf("a", "points.svg")).toString().replaceAll("one", "")).toBe(
      (await bytesOf("b", "points.svg")).toString().replaceAll("one", ""),
    );
    expect(json(quality)).toEqual(
      ["flow", "one"].map((folder) => ({
        folder,
        quality: [1, 3].map((steps) => ({ steps, slicedWasserstein: expect.any(Number) as number })),
      })),
    );
    const { file, difference, bytes } = json(exported) as Record<string, number>;
    expect(difference).toBeLessThan(1e-4);
    const model = await bytesOf(String(file));
    expect(model.length).toBe(bytes);
    const session = await InferenceSession.create(new Uint8Array(model));
    const noise = new OrtTensor("float32", new Float32Array(14), [7, 2]);
    expect((await session.run({ noise })).sample!.dims).toEqual([7, 2]);
    await session.release();
    const inspected = json(await cli.run("inspect", String(file), "--json"));
    expect(inspected).toMatchObject({
      inputs: [{ name: "noise", shape: ["batch", 2] }],
      outputs: [{ name: "sample" }],
    });
    expect(inspected.flops).toBeGreaterThan(100);
  });

  it("takes points from a CSV file, and names the line that is wrong", async () => {
    const lines = Array.from({ length: 40 }, (_, i) => `${i},${100 + Math.sin(i)},${i * i}`);
    await writeFile(at("good.csv"), ["x,y,z", ...lines].join("\n"));
    await writeFile(at("bad.csv"), ["x,y,z", ...lines.slice(0, 5), "1,2,oops"].join("\n"));
    const [good, bad] = await Promise.all([
      cli.run("train", "--data", "good.csv", "--steps", "5", "--width", "8", "--out", "csv", "--json"),
      cli.run("train", "--data", "bad.csv", "--steps", "5", "--out", "csv-bad"),
    ]);
    expect(json(good)).toMatchObject({ status: "ok", step: 5 });
    refused(bad, /bad\.csv \(line 7\)/, /"oops"/);
  });

  it("takes a folder of images, its sub-folders as classes", async () => {
    for (let i = 0; i < 12; i++) {
      const side = 10 + (i % 3);
      const folder = at("photos", i < 6 ? "dark" : "light");
      await mkdir(folder, { recursive: true });
      const background = { r: 20 * i, g: 250 - 20 * i, b: 40 };
      await sharp({ create: { width: side, height: 12, channels: 3, background } }).toFile(
        join(folder, `${i}.png`),
      );
    }
    const options = [
      "--data",
      "photos",
      "--size",
      "8",
      "--conditional",
      "--width",
      "8",
      "--depth",
      "1",
      "--steps",
      "4",
    ];
    const done = json(await cli.run("train", ...options, "--out", "images", "--json"));
    expect(done).toMatchObject({ status: "ok", samples: join("images", "samples.png") });
    expect(JSON.parse((await bytesOf("images", "config.json")).toString())).toMatchObject({
      ...{ shape: [3, 8, 8], classes: ["dark", "light"], network: { kind: "dit", classes: 2 } },
    });
    const [drawn, unknown] = await Promise.all([
      cli.run("sample", "images", "--n", "6", "--columns", "3", "--class", "1", "--steps", "2", "--json"),
      cli.run("sample", "images", "--class", "2"),
    ]);
    const { width } = await sharp(at(String(json(drawn).file))).metadata();
    expect(width).toBeGreaterThanOrEqual(3 * 8 * 3);
    refused(unknown, /--class/, /dark, light/);
  });

  it("distils by matching distributions, resumes that, and samples it in one step", async () => {
    const method = ["--method", "f-distill", "--divergence", "forward-kl", "--batch", "32"];
    const [done, wrong, many] = await Promise.all([
      cli.run("distil", "flow", ...method, "--steps", "12", "--out", "matched", "--json"),
      cli.run("distil", "flow", "--divergence", "forward-kl", "--out", "no"),
      cli.run("distil", "flow", ...method, "--sampler-steps", "2", "--out", "no"),
    ]);
    expect(json(done)).toMatchObject({ status: "ok", step: 12 });
    expect((await readdir(at("matched"))).includes("pairs.safetensors")).toBe(false);
    expect(JSON.parse((await bytesOf("matched", "config.json")).toString())).toMatchObject({
      ...{ method: "f-distill", divergence: "forward-kl", samplerSteps: 1, parent: join("..", "flow") },
    });
    const before = await bytesOf("matched", "model.safetensors");
    await rm(at("matched", "model.safetensors"));
    json(await cli.run("distil", "--resume", "matched", "--json"));
    expect((await bytesOf("matched", "model.safetensors")).equals(before)).toBe(true);
    json(await cli.run("eval", "matched", "--n", "50", "--steps", "1", "--json"));
    refused(wrong, /--divergence/);
    refused(many, /--sampler-steps/);
  });

  it("trains two streams at shifted logit-normal times, and guides what comes after", async () => {
    const tinyImages = ["--data", "digits", "--limit", "64", "--width", "8", "--depth", "1", "--steps", "4"];
    const objective = ["--time", "logit-normal", "--time-option", "mean=-0.5", "--shift", "2"];
    const flow = [
      "train",
      ...tinyImages,
      "--conditional",
      "--model",
      "mmdit",
      ...objective,
      "--out",
      "words",
    ];
    json(await cli.run(...flow, "--json"));
    expect(JSON.parse((await bytesOf("words", "config.json")).toString())).toMatchObject({
      ...{ time: "logit-normal", timeOptions: { mean: -0.5 }, shift: 2, drop: 0.1 },
      network: { kind: "mmdit", classes: 10 },
    });
    const reflow = [
      "reflow",
      "words",
      "--steps",
      "4",
      "--pairs",
      "32",
      "--pair-steps",
      "2",
      "--guidance",
      "3",
    ];
    const [straight, sample, quality, exported, none, option, cosmap] = await Promise.all([
      cli.run(...reflow, "--time", "mode", "--out", "words-2", "--json"),
      cli.run("sample", "words", "--n", "4", "--steps", "2", "--guidance", "2", "--out", "guided", "--json"),
      cli.run("eval", "words", "--n", "8", "--steps", "1,2", "--guidance", "1.5", "--json"),
      cli.run("export", "words", "--steps", "3", "--guidance", "2", "--json"),
      cli.run("sample", "flow", "--guidance", "2"),
      cli.run("train", ...tiny, "--time-option", "mean=1", "--out", "no"),
      cli.run("train", ...tiny, "--model", "mmdit", "--out", "no"),
    ]);
    json(straight);
    expect(JSON.parse((await bytesOf("words-2", "config.json")).toString())).toMatchObject({
      ...{ time: "mode", guidance: 3, drop: 0.1, parent: join("..", "words") },
    });
    expect(json(sample)).toMatchObject({ file: "guided.png" });
    expect((json(quality) as unknown as { quality: unknown[] }[])[0]!.quality).toHaveLength(2);
    expect((json(exported) as { difference: number }).difference).toBeLessThan(1e-4);
    refused(none, /--guidance/, /conditional/);
    refused(option, /--time-option/);
    refused(cosmap, /--model/);
  });
});

describe("resuming", { timeout: 120_000 }, () => {
  it("ends where an undisturbed run does, bit for bit", async () => {
    const long = ["train", ...tiny, "--steps", "3000", "--steps-per-call", "5"];
    const disturbed = cli.start(...long, "--out", "disturbed", "--json");
    const metrics = async (): Promise<string> =>
      readFile(at("disturbed", "metrics.jsonl"), "utf8").catch(() => "");
    while (!(await metrics()) && disturbed.process.exitCode === null)
      await new Promise((r) => setTimeout(r, 20));
    disturbed.process.kill("SIGINT");
    const { code, stdout } = await disturbed.ended;
    const stopped = JSON.parse(stdout) as { status: string; step: number };
    expect({ code, status: stopped.status }).toEqual({ code: 130, status: "aborted" });
    expect(stopped.step).toBeLessThan(3000);
    await expect(bytesOf("disturbed", "model.safetensors")).rejects.toThrow("ENOENT");
    refused(await cli.run("sample", "disturbed"), /finish it: fluxion train --resume disturbed/);

    const [resumed] = await Promise.all([
      cli.run("train", "--resume", "disturbed"),
      cli.run(...long, "--out", "undisturbed", "--json"),
    ]);
    expect(resumed.code).toBe(0);
    for (const file of ["model.safetensors", "metrics.jsonl", "samples.svg"]) {
      const [got, want] = await Promise.all([bytesOf("disturbed", file), bytesOf("undisturbed", file)]);
      const name = (b: Buffer): string => b.toString("latin1").replaceAll("undisturbed", "disturbed");
      expect(name(got) === name(want), file).toBe(true);
    }
  });

  it("says that a run was finished already", async () => {
    const before = await bytesOf("flow", "model.safetensors");
    const { code, stdout } = await cli.run("train", "--resume", "flow");
    expect(code).toBe(0);
    expect(stdout).toContain("flow was finished already: 40 steps");
    expect(stdout).toMatch(/loss \d\.\d{4}/);
    expect((await bytesOf("flow", "model.safetensors")).equals(before)).toBe(true);
  });

  it("refuses other commands, changed settings and folders without a run", async () => {
    const [settings, command, none, both] = await Promise.all([
      cli.run("train", "--resume", "flow", "--steps", "50", "--lr", "0.1"),
      cli.run("reflow", "--resume", "flow"),
      cli.run("train", "--resume", "nowhere"),
      cli.run("distil"),
    ]);
    refused(settings, /--resume/, /--steps, --lr/);
    refused(command, /fluxion train --resume flow/);
    refused(none, /nowhere: want a run folder/);
    refused(both, /fluxion distil: want the folder of a finished run/);
  });

  it("leaves no half file where pairs were being made", async () => {
    const running = cli.start("reflow", "flow", "--out", "half", "--pairs", "1000000", "--pair-steps", "50");
    await running.says("pairs ...");
    running.process.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    expect(stdout).toContain("stopped at step 0; go on with --resume half");
    expect(await readdir(at("half"))).toEqual(["config.json"]);
  });
});

describe("what cannot be", { timeout: 60_000 }, () => {
  it("refuses a folder that holds a run, and one that cannot be written", async () => {
    await writeFile(at("file"), "");
    const [held, under] = await Promise.all([
      cli.run("train", ...tiny, "--out", "flow"),
      cli.run("train", ...tiny, "--out", "file/run"),
    ]);
    expect(held).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: flow: .*holds a run.*\n$/) as string,
    });
    expect(under).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: file.*ENOTDIR.*\n$/) as string,
    });
  });

  it("names the damaged file", async () => {
    for (const name of ["short", "text", "other"]) {
      await mkdir(at(name));
      for (const file of ["config.json", "model.safetensors"])
        await writeFile(at(name, file), await bytesOf("flow", file));
    }
    await truncate(at("short", "model.safetensors"), 500);
    await writeFile(at("text", "config.json"), "{ nothing");
    const config = JSON.parse((await bytesOf("flow", "config.json")).toString()) as { network: object };
    await writeFile(
      at("other", "config.json"),
      JSON.stringify({ ...config, network: { ...config.network, width: 8 } }),
    );
    await mkdir(at("odd"));
    await writeFile(at("odd", "config.json"), JSON.stringify({ ...config, steps: "many" }));
    await writeFile(at("bad.onnx"), "none");
    const [short, text, other, odd, onnx] = await Promise.all([
      cli.run("sample", "short"),
      cli.run("eval", "flow", "text"),
      cli.run("export", "other"),
      cli.run("reflow", "odd"),
      cli.run("inspect", "bad.onnx"),
    ]);
    refused(short, /short.model\.safetensors/);
    refused(text, /text.config\.json: want JSON/);
    refused(other, /other.model\.safetensors/);
    refused(odd, /odd.config\.json/, /steps "many"/);
    refused(onnx, /bad\.onnx/);
  });

  it("answers wrong usage with one line, and ends quietly where nobody reads on", async () => {
    const [command, option] = await Promise.all([cli.run("trian"), cli.run("train", "--steps", "none")]);
    refused(command, /Did you mean train/);
    refused(option, /'none' is invalid/);
    const papers = cli.start("papers");
    papers.process.stdout!.destroy();
    expect(await papers.ended).toMatchObject({ stderr: "" });
  });

  it("says that a training diverged, with exit code 1", async () => {
    const momentum = ["--optimizer", "sgd", "--optimizer-option", "momentum=0.9"];
    const options = [...tiny, ...momentum, "--lr", "100", "--out", "diverged"];
    const { code, stderr } = await cli.run("train", ...options);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: train: .*smaller learning rate.*\n$/);
    const config = JSON.parse((await bytesOf("diverged", "config.json")).toString()) as object;
    expect(config).toMatchObject({ optimizer: "sgd", optimizerOptions: { momentum: 0.9 } });
    await expect(bytesOf("diverged", "model.safetensors")).rejects.toThrow("ENOENT");
  });
});
