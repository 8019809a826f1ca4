import { expect, it } from "vitest";
import { loadDataset, pointSetNames, samplePoints, seededUniform, toSigned } from "./index.js";

it("reads the embedded sets by fetch", async () => {
  const fashion = await loadDataset("fashion-mnist");
  expect(fashion.images.shape).toEqual([10000, 28, 28, 1]);
  expect([...fashion.labels.data.slice(0, 5)]).toEqual([9, 2, 1, 1, 6]);
  expect((await loadDataset("digits")).images.shape).toEqual([10000, 28, 28, 1]);
  expect((await loadDataset("iris")).features.shape).toEqual([150, 4]);
  expect((await loadDataset("breast-cancer", { split: "test" })).features.shape).toEqual([113, 30]);
  expect(toSigned(fashion.images).data.length).toBe(7_840_000);
});

it("says how to get the full training set", async () => {
  await expect(loadDataset("fashion-mnist", { split: "train" })).rejects.toThrow(
    /got no file system here; .*give path/,
  );
});

it("names the address that has no file", async () => {
  await expect(loadDataset("iris", { path: "/no-such-folder" })).rejects.toThrow(/iris\.csv/);
});

it("draws points", () => {
  for (const name of pointSetNames)
    expect(samplePoints(name, 3, seededUniform(0)).data.every(Number.isFinite)).toBe(true);
});
