import { entries } from "./papers.js";
import { fields, type Field } from "fluxion/papers";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { PaperEntry } from "../content/types.js";
import { Picture } from "./picture.js";
import { rememberParams } from "./route.js";
import { search } from "./search.js";

const states = { all: "all", done: "live here", planned: "still to come" } as const;
const sorts = { field: "field", new: "newest first", old: "oldest first" } as const;

const stateWord = ({ done, reproduced }: PaperEntry): string =>
  !done ? "not built yet" : reproduced === undefined ? "live" : reproduced ? "reproduced" : "not reproduced";

/** All papers as cards, with search and filters, which stand in the address. */
export function IndexPage({ params }: { params: URLSearchParams }) {
  const [query, setQuery] = useState(params.get("q") ?? "");
  const [field, setField] = useState(params.get("field") ?? "all");
  const [state, setState] = useState(params.get("state") ?? "all");
  const [sort, setSort] = useState(params.get("sort") ?? "field");
  useEffect(() => {
    document.title = "Fluxion gallery";
    const now = new URLSearchParams();
    if (query) now.set("q", query);
    if (field !== "all") now.set("field", field);
    if (state !== "all") now.set("state", state);
    if (sort !== "field") now.set("sort", sort);
    rememberParams(now);
  }, [query, field, state, sort]);

  const shown = useMemo(() => {
    const found = query.trim() ? search(query) : undefined;
    const list = found ? found.map((id) => entries.find((e) => e.id === id)!) : [...entries];
    const kept = list.filter(
      (e) => (field === "all" || e.field === field) && (state === "all" || (state === "done") === e.done),
    );
    if (sort === "new") kept.sort((a, b) => b.year - a.year);
    if (sort === "old") kept.sort((a, b) => a.year - b.year);
    return kept;
  }, [query, field, state, sort]);
  const grouped = sort === "field" && !query.trim();
  const done = entries.filter((e) => e.done).length;

  return (
    <>
      <h1>Papers you can play with</h1>
      <p class="lead">
        {entries.length} papers on flows, optimizers and solvers; {done} of them live: the idea in five
        sentences, a demo that trains in this browser, the claim as we measured it, and the code to take home.
      </p>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label class="grow">
          Search
          <input
            type="search"
            value={query}
            placeholder="straight paths, Hessian, distillation …"
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
        <Choice label="Field" value={field} set={setField} options={{ all: "all", ...fields }} />
        <Choice label="State" value={state} set={setState} options={states} />
        <Choice label="Sort by" value={sort} set={setSort} options={sorts} />
      </form>
      <p class="quiet" role="status">
        {shown.length === 1 ? "1 paper" : `${shown.length} papers`}
        {shown.length === 0 && "; fewer words or another field may find some"}
      </p>
      {grouped ? (
        (Object.keys(fields) as Field[]).map((key) => {
          const list = shown.filter((e) => e.field === key);
          return (
            list.length > 0 && (
              <section key={key}>
                <h2>{fields[key]}</h2>
                <Cards list={list} />
              </section>
            )
          );
        })
      ) : (
        <>
          <h2 class="hidden">Results</h2>
          <Cards list={shown} />
        </>
      )}
    </>
  );
}

function Cards({ list }: { list: readonly PaperEntry[] }) {
  return (
    <ul class="cards" onKeyDown={moveByArrows}>
      {list.map((e) => (
        <li key={e.id} class={e.done ? "card" : "card planned"}>
          {e.done ? <Picture entry={e} /> : <p class="meta">{e.concepts.join(" · ")}</p>}
          <h3>
            <a href={`#/paper/${e.id}`}>{e.name}</a>
          </h3>
          <p class="title">{e.title}</p>
          <p>{e.summary}</p>
          <p class="meta">
            {e.authors}, {e.year}
            <span class={`state ${stateWord(e).replaceAll(" ", "-")}`}>{stateWord(e)}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}

/** Arrow keys go from card to card. */
function moveByArrows(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by) return;
  const links = [...document.querySelectorAll<HTMLElement>(".card h3 a")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  event.preventDefault();
  links[at + by]?.focus();
}

function Choice(props: {
  label: string;
  value: string;
  set: (value: string) => void;
  options: Readonly<Record<string, string>>;
}) {
  return (
    <label>
      {props.label}
      <select
        name={props.label.split(" ")[0]!.toLowerCase()}
        value={props.value}
        onChange={(event) => props.set(event.currentTarget.value)}
      >
        {Object.entries(props.options).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
