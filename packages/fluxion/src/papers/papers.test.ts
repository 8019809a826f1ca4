import { expect, expectTypeOf, it } from "vitest";
import { fields, findPaper, papers, type DonePaperId, type PaperId } from "./index.js";

it("holds the 41 papers, each once", () => {
  expect(papers).toHaveLength(41);
  expect(new Set(papers.map((p) => p.id)).size).toBe(41);
  expect(new Set(papers.map((p) => p.arxiv)).size).toBe(41);
  expect(new Set(papers.map((p) => p.title)).size).toBe(41);
});

it("every entry is complete and well formed", () => {
  for (const paper of papers) {
    expect(paper.id).toMatch(/^[a-z0-9]+([-.][a-z0-9]+)*$/);
    expect(paper.arxiv).toMatch(/^\d{4}\.\d{5}$/);
    // The number says when the first version appeared.
    expect(2000 + Number(paper.arxiv.slice(0, 2)), paper.id).toBe(paper.year);
    expect(Object.keys(fields)).toContain(paper.field);
    expect(paper.summary, paper.id).toMatch(/^[A-Z].{40,200}\.$/);
    expect(paper.concepts.length).toBeGreaterThan(1);
    expect(paper.modules.length).toBeGreaterThan(0);
    if (paper.code) expect(paper.code.repository).toMatch(/^[\w-]+\/[\w.-]+$/);
  }
});

it("finds papers by id and suggests close ones", () => {
  expect(findPaper("rectified-flow").arxiv).toBe("2209.03003");
  expect(() => findPaper("rectified")).toThrow(/rectified-flow or rectified-diffusion/);
  expect(() => findPaper("nothing")).toThrow(/fluxion papers/);
});

it("knows ids and states as types", () => {
  expectTypeOf<"rectified-flow">().toExtend<DonePaperId>();
  expectTypeOf<"sophia">().toExtend<PaperId>();
  expectTypeOf<"no-paper">().not.toExtend<PaperId>();
});
