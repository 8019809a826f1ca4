import { entries, pages } from "./papers.js";
import "katex/dist/katex.min.css";
import { fields } from "fluxion/papers";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PaperEntry, PaperPage as Page } from "../content/types.js";
import { Card } from "./card.js";
import { ClaimSection } from "./claim-section.js";
import { CodeLines, codeAddress } from "./code-lines.js";
import { Contents, goTo } from "./contents.js";
import { CopyButton } from "./copy-button.js";
import { DemoStage } from "./demo-stage.js";

/** The page of one paper. */
export function PaperPage({ id, params }: { id: string; params: URLSearchParams }) {
  const entry = entries.find((e) => e.id === id);
  const [page, setPage] = useState<Page>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    document.title = `${entry?.name ?? "No such paper"} · Fluxion gallery`;
    const load = pages[id];
    load?.()
      .then((m) => setPage(m.default))
      .catch(() => setFailed(true));
  }, [id]);
  if (!entry) {
    return (
      <>
        <h1>No such paper</h1>
        <p>
          There is no paper “{id}” here. <a href="#/">All papers</a>
        </p>
      </>
    );
  }
  return (
    <article>
      <p class="crumb">
        <a href={`#/?field=${entry.field}`}>{fields[entry.field]}</a>
      </p>
      <h1>{entry.name}</h1>
      <p class="lead">{entry.title}</p>
      <p class="quiet">
        {entry.authors}, {entry.year}
        {entry.venue && `, ${entry.venue}`} ·{" "}
        <a href={`https://arxiv.org/abs/${entry.arxiv}`} rel="noopener">
          arXiv {entry.arxiv}
        </a>
      </p>
      {!entry.done ? (
        <NotYet entry={entry} />
      ) : failed ? (
        <p role="alert">
          This page could not be loaded. <button onClick={() => location.reload()}>Try again</button>
        </p>
      ) : page ? (
        <Parts entry={entry} page={page} params={params} />
      ) : (
        <p class="quiet">Loading …</p>
      )}
      <Similar entry={entry} />
    </article>
  );
}

/** Whether the claim held here, before anything else. */
function Verdict({ claim: { passed, checks } }: { claim: NonNullable<Page["claim"]> }) {
  const kept = checks.filter((check) => check.passed).length;
  return (
    <p>
      <strong class={passed ? "verdict good" : "verdict bad"}>
        {passed ? "Reproduced" : "Not reproduced"}
      </strong>{" "}
      in small experiments with Fluxion: {kept} of {checks.length} checks hold.{" "}
      <button class="inline" onClick={() => goTo("claim")}>
        See what was measured
      </button>
    </p>
  );
}

/** How long a text takes at 220 words a minute. */
const minutes = (text: string): string => {
  const time = Math.max(1, Math.round(text.split(/\s+/).length / 220));
  return time === 1 ? "One minute to read" : `${time} minutes to read`;
};

function NotYet({ entry }: { entry: PaperEntry }) {
  return (
    <>
      <p>{entry.summary}</p>
      <p>
        <strong>Not built yet.</strong> Concepts: {entry.concepts.join(", ")}.
      </p>
    </>
  );
}

/** Text of a README. A formula may be wider than a phone: then the text scrolls sideways, by keyboard, too. */
function Html({ of }: { of: string | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const watcher = new ResizeObserver(() => {
      if (current.scrollWidth > current.clientWidth) current.tabIndex = 0;
      else current.removeAttribute("tabindex");
    });
    watcher.observe(current);
    return () => watcher.disconnect();
  }, [of]);
  return <div class="prose" ref={box} dangerouslySetInnerHTML={{ __html: of ?? "" }} />;
}

function Parts({ entry, page, params }: { entry: PaperEntry; page: Page; params: URLSearchParams }) {
  const { sections, mathematics, others, example, bibtex, claim, modules, repository } = page;
  return (
    <>
      {claim && <Verdict claim={claim} />}
      <Contents />
      <section aria-labelledby="idea">
        <h2 id="idea">The question and the idea</h2>
        <p class="quiet">{minutes(entry.words)}</p>
        <Html of={sections["problem"]} />
        <Html of={sections["idea"]} />
      </section>
      <DemoStage id={entry.id} demo={page.demo} params={params} />
      <section aria-labelledby="claim">
        <h2 id="claim">The claim, measured</h2>
        {claim && <ClaimSection id={entry.id} claim={claim} />}
        <h3>How it was measured, and what that shows</h3>
        <Html of={sections["claim"]} />
        <h3>Deviations from the paper</h3>
        <Html of={sections["deviations"]} />
        <h3>When not to use it</h3>
        <Html of={sections["limits"]} />
      </section>
      <section aria-labelledby="mathematics">
        <h2 id="mathematics">The mathematics, and where it is in the code</h2>
        {mathematics.map((block, i) => (
          <div key={i} class="beside">
            <Html of={block.html} />
            {block.lines.length > 0 && <CodeLines list={block.lines} />}
          </div>
        ))}
        {others.length > 0 && (
          <>
            <h3>Besides, from this paper</h3>
            <CodeLines list={others} />
          </>
        )}
      </section>
      <section aria-labelledby="code">
        <h2 id="code">In code</h2>
        {example && (
          <>
            <pre tabIndex={0}>
              <code dangerouslySetInnerHTML={{ __html: example.html }} />
            </pre>
            <p>
              <CopyButton text={example.text}>Copy the example</CopyButton>
            </p>
          </>
        )}
        <Html of={sections["code"]} />
        <p class="quiet">
          In the library:{" "}
          {modules.map((module, i) => (
            <>
              {i > 0 && ", "}
              <a href={codeAddress(module)}>{module}</a>
            </>
          ))}
          {repository && (
            <>
              {" "}
              · the authors’ code:{" "}
              <a href={`https://github.com/${repository.repository}`} rel="noopener">
                {repository.repository}
              </a>{" "}
              (licence: {repository.licence})
            </>
          )}
        </p>
      </section>
      {bibtex && (
        <section aria-labelledby="citation">
          <h2 id="citation">Citation</h2>
          <pre tabIndex={0}>
            <code>{bibtex}</code>
          </pre>
          <p>
            <CopyButton text={bibtex}>Copy BibTeX</CopyButton>
          </p>
        </section>
      )}
    </>
  );
}

function Similar({ entry }: { entry: PaperEntry }) {
  const near = entry.similar.flatMap((id) => entries.find((e) => e.id === id) ?? []);
  return (
    <section aria-labelledby="similar">
      <h2 id="similar">Similar papers</h2>
      <ul class="cards small">
        {near.map((e) => (
          <Card key={e.id} entry={e} small />
        ))}
      </ul>
    </section>
  );
}
