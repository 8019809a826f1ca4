import { fields, type Field } from "fluxion/papers";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PaperEntry } from "../content/types.js";
import { Card } from "./card.js";
import { useCardKeys } from "./card-keys.js";
import { entries } from "./papers.js";
import { rememberParams } from "./route.js";
import { searchOf } from "./search.js";

const search = searchOf(entries);

/** States to filter by, and which papers are in them. */
const states: Readonly<Record<string, { label: string; has: (entry: PaperEntry) => boolean }>> = {
  all: { label: "All", has: () => true },
  done: { label: "Live", has: (e) => e.done },
  reproduced: { label: "Reproduced", has: (e) => e.reproduced === true },
  "not-reproduced": { label: "Not reproduced", has: (e) => e.reproduced === false },
  planned: { label: "Still to come", has: (e) => !e.done },
};
const sorts = { field: "field", new: "newest first", old: "oldest first" } as const;

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
  const box = useRef<HTMLInputElement>(null);
  useCardKeys(box, () => setQuery(""));

  /** Those of the search and the field, in order. */
  const found = useMemo(() => {
    const ids = query.trim() ? search(query) : undefined;
    const list = ids ? ids.map((id) => entries.find((e) => e.id === id)!) : [...entries];
    const kept = list.filter((e) => field === "all" || e.field === field);
    if (sort === "new") kept.sort((a, b) => b.year - a.year);
    else if (sort === "old") kept.sort((a, b) => a.year - b.year);
    else if (!ids) kept.sort((a, b) => Number(b.done) - Number(a.done));
    return kept;
  }, [query, field, sort]);
  const shown = found.filter((states[state] ?? states["all"]!).has);
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
          <span>
            Search <kbd>/</kbd>
          </span>
          <input
            ref={box}
            type="search"
            value={query}
            placeholder="straight paths, Hessian, distillation …"
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
        <Choice label="Field" value={field} set={setField} options={{ all: "all", ...fields }} />
        <Choice label="Sort by" value={sort} set={setSort} options={sorts} />
        <fieldset class="states">
          <legend class="hidden">State</legend>
          {Object.entries(states).map(([value, { label, has }]) => (
            <label key={value}>
              <input
                type="radio"
                name="state"
                value={value}
                checked={value === (state in states ? state : "all")}
                onChange={() => setState(value)}
              />
              <span>
                {label} <b>{found.filter(has).length}</b>
              </span>
            </label>
          ))}
        </fieldset>
      </form>
      <p class={shown.length > 0 ? "hidden" : "quiet"} role="status">
        {shown.length === 1 ? "1 paper" : `${shown.length} papers`}
        {shown.length === 0 && "; fewer words, another field or another state may find some"}
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

const Cards = ({ list }: { list: readonly PaperEntry[] }) => (
  <ul class="cards">
    {list.map((entry) => (
      <Card key={entry.id} entry={entry} />
    ))}
  </ul>
);

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
