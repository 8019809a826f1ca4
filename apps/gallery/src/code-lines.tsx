import type { CodeLine } from "../content/types.js";
import { routeHash } from "./route.js";

/** Where a file or folder of the library is shown. @param line to be marked */
export const codeAddress = (file: string, line?: number): string =>
  routeHash(["code", ...file.split("/")], line ? new URLSearchParams({ line: String(line) }) : undefined);

/** Lines of the library: name, place in the paper, what it does; opened, the declaration. */
export function CodeLines({ list }: { list: readonly CodeLine[] }) {
  return (
    <ul class="lines">
      {list.map(({ file, line, name, place, says, html }) => (
        <li key={`${file}:${line}`}>
          <details>
            <summary>
              <code>{name}</code>
              {place && <span class="place"> {place}</span>}
            </summary>
            <p>{says}</p>
            <pre tabIndex={0}>
              <code dangerouslySetInnerHTML={{ __html: html }} />
            </pre>
          </details>
          <a class="quiet" href={codeAddress(file, line)}>
            {file}:{line}
          </a>
        </li>
      ))}
    </ul>
  );
}
