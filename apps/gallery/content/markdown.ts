// READMEs as HTML, by section, with mathematics typeset and code coloured.
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import typescript from "highlight.js/lib/languages/typescript";
import { Marked, type Tokens } from "marked";
import { renderTex, typeset } from "./mathematics.js";

hljs.registerLanguage("ts", typescript);
hljs.registerLanguage("sh", bash);

/** Coloured TypeScript. */
export const colouredCode = (text: string, language = "ts"): string =>
  hljs.highlight(text, { language: hljs.getLanguage(language) ? language : "ts" }).value;

/** The text below each `## heading`, and what stands before the first under "". */
export function sectionsOf(readme: string): Record<string, string> {
  const parts = `\n${readme}`.split(/\n## +(.+)\n/);
  const sections: Record<string, string> = { "": parts[0]! };
  for (let i = 1; i < parts.length; i += 2) sections[parts[i]!.trim()] = parts[i + 1]!.trim();
  return sections;
}

/** The first fenced block of a language. */
export const fenced = (text: string, language: string): string | undefined =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]?.trimEnd();

/** Text without the fenced blocks of a language and without generated tables. */
export const withoutFenced = (text: string, language: string): string =>
  text.replace(new RegExp(`\`\`\`${language}\\n[\\s\\S]*?\`\`\`\\n?`, "g"), "");

/** What the scripts keep between the markers is drawn from result.json instead. */
export const withoutRecord = (text: string): string =>
  text.replace(/<!-- result:start -->[\s\S]*?<!-- result:end -->/g, "");

/** HTML of Markdown. @param math whether plain Unicode mathematics is typeset, too */
export function html(markdown: string, math = false): string {
  const marked = new Marked({ gfm: true });
  marked.use({
    extensions: [
      {
        name: "tex",
        level: "inline",
        start: (source: string) => source.indexOf("$"),
        tokenizer(source: string) {
          const match = /^(\$\$?)([^$\n]+)\1/.exec(source);
          return match
            ? { type: "tex", raw: match[0], text: match[2]!, display: match[1] === "$$" }
            : undefined;
        },
        renderer: (token) => renderTex(String(token["text"]), token["display"] === true) ?? token.raw,
      },
    ],
    renderer: {
      code: ({ text, lang }: Tokens.Code) =>
        `<pre tabindex="0"><code>${colouredCode(text, lang ?? "ts")}</code></pre>\n`,
      // Relative links lead into the repository, which a static site does not have.
      link(token: Tokens.Link) {
        const text = this.parser.parseInline(token.tokens);
        return /^https?:/.test(token.href)
          ? `<a href="${token.href}" rel="noopener">${text}</a>`
          : `<span title="${token.href}">${text}</span>`;
      },
      image: ({ text }: Tokens.Image) => text,
      ...(math
        ? {
            text(token: Tokens.Text | Tokens.Escape) {
              if ("tokens" in token && token.tokens) return this.parser.parseInline(token.tokens);
              return typeset(plain(token.text)) ?? token.text;
            },
          }
        : {}),
    },
  });
  const source = math
    ? markdown.replace(/(?<![\\\w*])\*(?=[ (,\\])|(?<=(?<![A-Za-z])[A-Za-z0-9])\*(?=[(,;.\s])/g, "\\*")
    : markdown;
  const made = marked.parse(source, { async: false });
  return (
    made
      .replace(/<th([^>]*)><\/th>/g, "<td$1></td>")
      // A header that is a formula alone has no text for every reader.
      .replace(
        /(<th(?: [^>]*)?>)(?=<span class="katex">(?:(?!<\/th>)[\s\S])*?<annotation[^>]*>([^<]*))/g,
        '$1<span class="hidden">$2</span>',
      )
      .replace(/<table>/g, '<div class="wide" tabindex="0"><table>')
      .replace(/<\/table>/g, "</table></div>")
  );
}

/** Words of Markdown, for searching. */
export const words = (markdown: string): string =>
  markdown
    .replace(/```[\s\S]*?```/g, " ")
    .replace(/\]\([^)]*\)/g, "] ")
    .replace(/[`*_#[\]|>]/g, " ")
    .replace(/\s+/g, " ")
    .trim();

const plain = (text: string): string =>
  text
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&");
