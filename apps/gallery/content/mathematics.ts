// The READMEs write mathematics in plain Unicode, readable anywhere. Here it becomes typeset: runs of symbols between the
// words are turned into TeX, and whatever KaTeX does not take stays as it was.
import katex from "katex";

const strong = /[=←→≤≥≈∝Σ∫∇‖√·′″⊙∘∈±~_^²³⁻¹₀₁₂ᵢⱼₖₜᵀ⁺]|[α-ωΑ-Ω]/u;
const symbol =
  /^[([{|‖⟨]*(?:[a-zA-Z]|[\d.,]+|[^ -~]+|[a-z]{2,7}(?=[_(]))|^[-+*/<>=|~]+$|[=_^²³₀₁₂ᵀ←‖√Σ∫∇·]|[α-ωΑ-Ω]/u;
const functions = new Set(
  "max min log exp sin cos tan det dim arg sup inf lim ln deg ker Pr tanh cosh sinh".split(" "),
);

/** Typesets the mathematics in a paragraph of text. @param text without mark-up @returns HTML, or undefined if it has none */
export function typeset(text: string): string | undefined {
  let found = false;
  const html = runs(text)
    .map(({ math, text: run }) => {
      if (!math) return escape(run);
      const typeset = tex(run);
      if (typeset === undefined) return escape(run);
      found = true;
      return typeset;
    })
    .join("");
  return found ? html : undefined;
}

/** KaTeX's HTML of TeX, or undefined. */
export function renderTex(source: string, displayMode = false): string | undefined {
  try {
    return katex.renderToString(source, { displayMode, throwOnError: true, strict: "ignore" });
  } catch {
    return undefined;
  }
}

function runs(text: string): { math: boolean; text: string }[] {
  const parts: { math: boolean; text: string }[] = [];
  let words: string[] = [];
  let inMath = false;
  let depth = 0;
  const flush = (): void => {
    let run = words.join("");
    words = [];
    if (!run) return;
    if (!inMath || !strong.test(run)) return void parts.push({ math: false, text: run });
    // Spaces, punctuation and a bracket without partner belong to the sentence.
    const before = /^\s*/.exec(run)![0];
    run = run.slice(before.length);
    let after = /[\s,;:.]*$/.exec(run)![0];
    run = run.slice(0, run.length - after.length);
    while (/\)$/.test(run) && balance(run) < 0) [run, after] = [run.slice(0, -1), `)${after}`];
    let lead = before;
    while (/^\(/.test(run) && balance(run) > 0) [run, lead] = [run.slice(1), `${lead}(`];
    parts.push({ math: false, text: lead }, { math: true, text: run }, { math: false, text: after });
  };
  for (const word of text.split(/(\s+)/)) {
    if (/^\s*$/.test(word)) {
      words.push(word);
      continue;
    }
    const bare = word.replace(/[,;:.]+$/, "");
    const latin: boolean =
      /^[([]*[A-Za-z]{2,}(?:['’-][A-Za-z]+)*[)\]]*$/.test(bare) &&
      !functions.has(bare.replace(/[()[\]]/g, "")) &&
      !(inMath && /^d[a-z]$/.test(bare));
    // A place in the paper, such as (§3.1.
    const place = bare.includes("§");
    const article = /^[aAI]$/.test(bare);
    const dashes = /^[–—-]$/.test(bare);
    const isMath: boolean =
      !latin && !place && !dashes && (article ? inMath && depth > 0 : symbol.test(bare));
    if (isMath !== inMath) {
      flush();
      inMath = isMath;
      depth = 0;
    }
    words.push(word);
    depth += balance(word);
    // A semicolon or full stop ends the formula, but for a semicolon in brackets.
    if (inMath && (/[:.]$/.test(word) || (word.endsWith(";") && depth <= 0))) {
      flush();
      inMath = false;
    }
  }
  flush();
  return parts;
}

const balance = (text: string): number =>
  [...text].reduce((sum, c) => sum + (c === "(" || c === "[" ? 1 : c === ")" || c === "]" ? -1 : 0), 0);

const greek = new Set("alpha beta gamma delta epsilon eta theta lambda sigma tau".split(" "));
/** A differential, or letters that stand beside each other as factors. */
const products = /^(?:d[a-zA-Z]|[A-Z][u-z]|[a-z][A-Z])$/;

const scripts: Record<string, string> = {
  ᵢ: "_{i}",
  ⱼ: "_{j}",
  ₖ: "_{k}",
  ₜ: "_{t}",
  ₙ: "_{n}",
  ₓ: "_{x}",
  ₑ: "_{e}",
  "₊": "_{+}",
  ᵀ: "^{\\top}",
  ᵈ: "^d",
  ᵏ: "^k",
  ⁿ: "^n",
  ᵗ: "^t",
};

/** @returns KaTeX's HTML, or undefined where the text is no formula that can be turned into TeX */
function tex(run: string): string | undefined {
  if (/["“”`<>]{2}|https?:|[?!]/.test(run)) return undefined;
  let source = run
    .replace(/[#%&$\\]/g, (c) => (c === "\\" ? "\\setminus " : `\\${c}`))
    .replace(/[{}]/g, (c, at: number) =>
      /[_^]\{[^{}]*$/.test(run.slice(0, at + 1)) || (c === "}" && /[_^]\{[^{}]*$/.test(run.slice(0, at)))
        ? c
        : `\\${c}`,
    )
    .replace(/[₀-₉]+/g, (s) => `_{${[...s].map((c) => c.charCodeAt(0) - 0x2080).join("")}}`)
    .replace(
      /[⁻⁰¹²³⁴-⁹⁺]+/g,
      (s) =>
        `^{${[...s].map((c) => ("⁻⁺".includes(c) ? "-+"["⁻⁺".indexOf(c)] : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("")}}`,
    )
    .replace(/[ᵢⱼₖₜₙₓₑ₊ᵀᵈᵏⁿᵗ]/gu, (c) => scripts[c] ?? c)
    .replace(/([A-Za-zα-ωΑ-Ω])\u0302/gu, "\\hat{$1}")
    .replace(/([A-Za-zα-ωΑ-Ω])\u0304/gu, "\\bar{$1}")
    .replace(/([A-Za-zα-ωΑ-Ω])\u0303/gu, "\\tilde{$1}");
  source = source
    .normalize("NFD")
    .replace(/([A-Za-z])\u0302/g, "\\hat{$1}")
    .replace(/([A-Za-z])\u0304/g, "\\bar{$1}")
    .replace(/([A-Za-z])\u0303/g, "\\tilde{$1}")
    .normalize("NFC");
  source = source
    .replace(/([_^])\(([^()]*)\)/g, "$1{$2}")
    .replace(/([_^])(\\(?:hat|bar|tilde)\{[^}]*\})/g, "$1{$2}")
    .replace(/_\*/g, "_{*}")
    // Two letters below are two indices, more are a word.
    .replace(/_([A-Za-z0-9][A-Za-z0-9α-ω]+)/gu, (_, below: string) =>
      below.length === 2 ? `_{${below[0]!} ${below[1]!}}` : `_{\\text{${below}}}`,
    )
    .replace(/\^([A-Za-z]{2,})/g, "^{\\text{$1}}")
    .replace(/(?<![\\A-Za-z]|\\text\{)[A-Za-z]{2,}(?:-[A-Za-z]{2,})*/g, (w, at: number, all: string) => {
      if (greek.has(w) || functions.has(w)) return `\\${w}`;
      const factors = products.test(w) || (/^[A-Z]{2}$/.test(w) && all[at + 2] === "^");
      return factors ? [...w].join(" ") : `\\operatorname{${w}}`;
    })
    .replace(/½/g, "\\tfrac12 ")
    .replace(/¼/g, "\\tfrac14 ")
    .replace(/Σ/g, "\\sum ")
    .replace(/∏|Π(?=[_ᵢ])/g, "\\prod ")
    .replace(/√\(((?:[^()]|\([^()]*\))*)\)/g, "\\sqrt{$1}")
    .replace(/√(\\tfrac\d\d|\\[a-z]+\s?|[\d.]*\d|[A-Za-zα-ω]|‖[^‖]*‖)/gu, "\\sqrt{$1}")
    .replace(/‖/g, "\\|")
    .replace(/·/g, "\\cdot ")
    .replace(/⊙/g, "\\odot ")
    .replace(/∘/g, "\\circ ")
    .replace(/~/g, "\\sim ")
    .replace(/←/g, "\\leftarrow ")
    .replace(/…/g, "\\dots ")
    .replace(/′/g, "'")
    .replace(/″/g, "''")
    .replace(/(?<!_\{)\*/g, "^{*}");
  return renderTex(source);
}

const escape = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!);
