import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { codeAddress } from "./code-lines.js";
import { entries, sources } from "./papers.js";

hljs.registerLanguage("ts", typescript);

/** A file of the library with one line marked, or the files of a folder. @param path below packages/fluxion/src */
export function CodePage({ path, params }: { path: readonly string[]; params: URLSearchParams }) {
  const [room = "", ...rest] = path;
  const [files, setFiles] = useState<Readonly<Record<string, string>>>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    setFiles(undefined);
    setFailed(false);
    (sources[room] ?? (() => Promise.reject(new Error("no such folder"))))()
      .then((m) => setFiles(m.default))
      .catch(() => setFailed(true));
  }, [room]);
  const name = path.join("/");
  useEffect(() => {
    document.title = `${name} · Fluxion gallery`;
  }, [name]);
  const text = files?.[rest.join("/")];
  const below = Object.keys(files ?? {}).filter(
    (file) => rest.length === 0 || file.startsWith(`${rest.join("/")}/`),
  );
  return (
    <article>
      <p class="crumb">
        packages/fluxion/src
        {path.map((part, i) => (
          <>
            {" / "}
            {i < path.length - 1 ? <a href={codeAddress(path.slice(0, i + 1).join("/"))}>{part}</a> : part}
          </>
        ))}
      </p>
      <h1>{path.at(-1) ?? "Code"}</h1>
      {failed || (files && text === undefined && below.length === 0) ? (
        <p role="alert">
          There is no “{name}” here. <a href="#/">All papers</a>
        </p>
      ) : !files ? (
        <p class="quiet">Loading …</p>
      ) : text !== undefined ? (
        <File text={text} line={Number(params.get("line")) || 0} />
      ) : (
        <ul class="files">
          {below.map((file) => (
            <li key={file}>
              <a href={codeAddress(`${room}/${file}`)}>{file.slice(rest.join("/").length)}</a>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** The papers whose number a file names. */
const papersOf = (text: string) => entries.filter(({ arxiv, done }) => done && text.includes(arxiv));

function File({ text, line }: { text: string; line: number }) {
  const marked = useRef<HTMLLIElement>(null);
  const lines = useMemo(() => colouredLines(text), [text]);
  const papers = papersOf(text);
  useEffect(() => marked.current?.scrollIntoView({ block: "center" }), [text, line]);
  return (
    <>
      {papers.length > 0 && (
        <p>
          From{" "}
          {papers.map(({ id, name }, i) => (
            <>
              {i > 0 && ", "}
              <a href={`#/paper/${id}`}>{name}</a>
            </>
          ))}
          .
        </p>
      )}
      <pre class="file" tabIndex={0}>
        <ol>
          {lines.map((html, i) => (
            <li key={i} {...(i + 1 === line && { ref: marked, class: "marked" })}>
              <code dangerouslySetInnerHTML={{ __html: html || " " }} />
            </li>
          ))}
        </ol>
      </pre>
    </>
  );
}

/** HTML of every line; what is coloured over several lines is closed and opened again. */
function colouredLines(text: string): string[] {
  let open: string[] = [];
  return hljs
    .highlight(text.trimEnd(), { language: "ts" })
    .value.split("\n")
    .map((line) => {
      const before = open.join("");
      for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g))
        open = tag === "</span>" ? open.slice(0, -1) : [...open, tag];
      return `${before}${line}${"</span>".repeat(open.length)}`;
    });
}
