// The READMEs' plain mathematics as TeX: what is a formula, and what it says.
import { expect, it } from "vitest";
import { typeset } from "./content/mathematics.js";

/** The formulas found in a text, as TeX. */
const formulas = (text: string): string[] =>
  [...(typeset(text) ?? "").matchAll(/<annotation[^>]*>(.*?)<\/annotation>/g)].map(([, tex]) =>
    tex!.replaceAll("&#x27;", "'").trim(),
  );

it.each([
  ["tokens x_it ∈ R^d, and", ["x_{i t} ∈ R^d"]],
  ["W ≈ W_fin + R·W_dir", ["W ≈ W_{\\text{fin}} + R\\cdot W_{\\text{dir}}"]],
  ["λ = ‖W‖_*", ["λ = \\|W\\|_{*}"]],
  ["w*ₑ = 0", ["w^{*}_{e} = 0"]],
  ["H = JᵀJ + Σᵢrᵢ∇²rᵢ", ["H = J^{\\top}J + \\sum _{i}r_{i}∇^{2}r_{i}"]],
  ["u^(n_f − 1) = 1", ["u^{n_f − 1} = 1"]],
  ["E_(z,c) = 0", ["E_{z,c} = 0"]],
  ["r = e^logit", ["r = e^{\\text{logit}}"]],
  ["(2Dᵢ − I)·Xvᵢ ≥ 0", ["(2D_{i} − I)\\cdot X v_{i} ≥ 0"]],
  ["x = alpha·data", ["x = \\alpha\\cdot \\operatorname{data}"]],
  ["o = [q_c; q_x]·k", ["o = [q_c; q_x]\\cdot k"]],
  ["at β = √0.75, so", ["β = \\sqrt{0.75}"]],
  ["√((x − y)² + c²)", ["\\sqrt{(x − y)^{2} + c^{2}}"]],
  ["by (1 − √½)/2", ["(1 − \\sqrt{\\tfrac12} )/2"]],
  ["noise u ~ N(0, 1), free", ["u \\sim  N(0, 1)"]],
  ["cosh 2 = 3.76 times", ["\\cosh 2 = 3.76"]],
  ["D(z + v′(z, 0), x) on pairs", ["D(z + v'(z, 0), x)"]],
  ["r = h″(x)", ["r = h''(x)"]],
  ["as t = u (§3.1; so", ["t = u"]],
  ["a logit-normal t = 1", ["t = 1"]],
  ["with s = 1 Adam's way", ["s = 1"]],
  ["x = ∫₀¹ v dt, so", ["x = ∫_{0}^{1} v d t"]],
  ["no formula in these words", []],
])("%s", (text, expected) => {
  expect(formulas(text)).toEqual(expected);
});
