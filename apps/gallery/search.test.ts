// What a person types finds what they mean; papers near each other by meaning are.
import { expect, it } from "vitest";
import { entries } from "./content/gather.js";
import { nearest } from "./content/similar.js";
import { searchOf } from "./src/search.js";
import { stem } from "./src/terms.js";

const all = await entries();
const search = searchOf(all);

it.each([
  ["rectifyed flw", "rectified-flow"],
  ["reflow", "rectified-flow"],
  ["one step", "instaflow"],
  ["fast sampling", "rectified-flow"],
  ["distillation", "f-distill"],
  ["distilation", "instaflow"],
  ["straight paths", "rectified-flow"],
  ["noise schedule", "sd3-rectified-flow-transformers"],
  ["timestep sampling", "rfpp"],
  ["stable diffusion", "instaflow"],
  ["second order optimizer", "sophia"],
  ["second-order optimisers", "sophia"],
  ["why is adam better than sgd", "directional-sharpness"],
  ["batch size", "adadagrad"],
  ["matrix completion", "low-rank-completion"],
  ["recomender", "low-rank-completion"],
  ["SVM", "transformers-as-svm"],
  ["PDE", "pi-hc-moe"],
  ["boosted trees", "gradient-boosted-nn"],
  ["1 bit weights", "reste"],
  ["quantisation", "reste"],
  ["straigt trough estimator", "reste"],
  ["differencial privacy", "diff2"],
  ["super resolution", "pmrf"],
  ["2209.03003", "rectified-flow"],
  ["liu 2023", "sophia"],
])("“%s” finds %s", (query, id) => {
  expect(search(query).slice(0, 4)).toContain(id);
});

it("puts what is named so first, and shows nothing for nothing", () => {
  for (const { id, name } of all) expect(search(name)[0], name).toBe(id);
  expect(search("zzzzqqq")).toEqual([]);
  expect(search("the of")).toEqual([]);
});

it("takes spellings and endings for one word", () => {
  for (const group of [
    ["quantisation", "quantization", "quantized", "quantizer"],
    ["optimiser", "optimizers", "optimizing"],
    ["straight", "straightly"],
  ])
    expect(new Set(group.map(stem)).size, group.join()).toBe(1);
  expect(stem("the")).toBeUndefined();
});

it("finds near papers", () => {
  const similar = (id: string) => all.find((paper) => paper.id === id)!.similar;
  expect(similar("slimflow").slice(0, 2)).toEqual(expect.arrayContaining(["instaflow", "rectified-flow"]));
  expect(similar("sophia")).toContain("directional-sharpness");
  expect(similar("transformers-as-svm")).toContain("sd3-rectified-flow-transformers");
  for (const { id } of all) {
    expect(similar(id)).toHaveLength(4);
    expect(similar(id)).not.toContain(id);
  }
  // Among six fields chance would give about one in six.
  const field = (id: string) => all.find((paper) => paper.id === id)!.field;
  expect(similar("flowchef").filter((id) => field(id) === "guidance").length).toBeGreaterThanOrEqual(1);
  const same = all.filter((paper) => field(paper.similar[0]!) === paper.field).length;
  expect(same / all.length).toBeGreaterThan(0.5);
  expect(nearest(["red apple", "apple red pear", "blue sky", "sky blue"], 1)).toEqual([[1], [0], [3], [2]]);
});
