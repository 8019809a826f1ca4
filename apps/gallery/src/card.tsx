import type { PaperEntry } from "../content/types.js";
import { Picture } from "./picture.js";

/** A paper as a card. @param small title and summary only */
export function Card({ entry, small = false }: { entry: PaperEntry; small?: boolean }) {
  const { id, name, title, authors, year, summary, done, reproduced } = entry;
  return (
    <li class={done ? "card" : "card planned"}>
      {done ? <Picture entry={entry} /> : <Concepts of={entry} />}
      <div class="text">
        <h3>
          <a href={`#/paper/${id}`}>{name}</a>
        </h3>
        {!small && <p class="title">{title}</p>}
        <p>{summary}</p>
        <p class="meta">
          <span>
            {!small && `${authors}, `}
            {year}
          </span>
          {!done ? (
            <span class="badge">not built yet</span>
          ) : reproduced === undefined ? (
            <span class="badge">live</span>
          ) : reproduced ? (
            <span class="badge reproduced">reproduced</span>
          ) : (
            <span class="badge not-reproduced">not reproduced</span>
          )}
        </p>
      </div>
    </li>
  );
}

/** What a paper that is not built yet will be about, where others have their picture. */
const Concepts = ({ of: { concepts } }: { of: PaperEntry }) => <p class="concepts">{concepts.join(" · ")}</p>;
