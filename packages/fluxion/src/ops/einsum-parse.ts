import { ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";

/** An equation with every axis named: those of an ellipsis as `…0`, `…1` counted from the right. */
export interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

const bad = (equation: string, want: string, got: string): ShapeError =>
  new ShapeError({ where: `ops.einsum "${equation}"`, want, got });

/**
 * Reads an equation of `einsum` for operands.
 * @throws ShapeError naming the label and its sizes, or what is wrong with the text
 * @internal
 */
export function parseEinsum(equation: string, operands: readonly Tensor[]): Equation {
  const text = equation.replaceAll(" ", "");
  const sides = text.split("->");
  const terms = sides[0]!.split(",");
  if (sides.length > 2) throw bad(equation, 'at most one "->"', String(sides.length - 1));
  if (operands.length === 0) throw bad(equation, "at least one operand", "none");
  if (terms.length !== operands.length)
    throw bad(equation, `${terms.length} operands`, String(operands.length));
  const split = [...terms, ...(sides[1] === undefined ? [] : [sides[1]])].map((term) =>
    splitTerm(equation, term),
  );
  let dots = 0;
  const inputs = operands.map((t, i) => {
    const { before, after, ellipsis } = split[i]!;
    const named = before.length + after.length;
    if (ellipsis ? t.rank < named : t.rank !== named)
      throw bad(equation, `${ellipsis ? "at least " : ""}${named} axes in operand ${i}`, showShape(t.shape));
    dots = Math.max(dots, t.rank - named);
    return [...before, ...dotLabels(t.rank - named), ...after];
  });
  const sizes = labelSizes(equation, inputs, operands);
  const explicit = sides[1] === undefined ? undefined : split[terms.length]!;
  const output = explicit
    ? [...explicit.before, ...(explicit.ellipsis ? dotLabels(dots) : []), ...explicit.after]
    : [...dotLabels(dots), ...occurringOnce(terms)];
  output.forEach((label, i) => {
    if (!sizes.has(label)) throw bad(equation, "output labels that occur in an operand", `"${label}"`);
    if (output.indexOf(label) !== i) throw bad(equation, "every output label once", `"${label}" twice`);
  });
  return { inputs, output, sizes };
}

const dotLabels = (count: number): string[] => Array.from({ length: count }, (_, i) => `…${count - 1 - i}`);

function splitTerm(equation: string, term: string): { before: string[]; after: string[]; ellipsis: boolean } {
  const parts = term.split("...");
  const wrong = [...parts.join("")].find((c) => !/[A-Za-z]/.test(c));
  if (wrong !== undefined) throw bad(equation, 'letters, commas, "..." and "->"', `"${wrong}"`);
  if (parts.length > 2) throw bad(equation, 'one "..." a term', String(parts.length - 1));
  return { before: [...parts[0]!], after: [...(parts[1] ?? "")], ellipsis: parts.length === 2 };
}

const occurringOnce = (terms: readonly string[]): string[] => {
  const letters = [...terms.join("").replaceAll(".", "")];
  return letters.filter((l) => letters.indexOf(l) === letters.lastIndexOf(l)).sort();
};

/** The size of every label; 1 gives way to any other, as in broadcasting. */
function labelSizes(
  equation: string,
  inputs: readonly (readonly string[])[],
  operands: readonly Tensor[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) => {
    const own = new Map<string, number>();
    labels.forEach((label, axis) => {
      const size = operands[i]!.shape[axis]!;
      const name = label.startsWith("…")
        ? `axis −${Number(label.slice(1)) + 1} of "..."`
        : `label "${label}"`;
      const mine = own.get(label);
      if (mine !== undefined && mine !== size)
        throw bad(equation, `${name} of one size within operand ${i}`, `${mine} and ${size}`);
      own.set(label, size);
      const known = sizes.get(label);
      if (known !== undefined && known !== size && known !== 1 && size !== 1)
        throw bad(equation, `${name} of one size`, `${known} and ${size} (operand ${i})`);
      if (known === undefined || known === 1) sizes.set(label, size);
    });
  });
  return sizes;
}
