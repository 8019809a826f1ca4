/** The parts of a paper's page, by id of their heading. */
const parts = {
  idea: "Idea",
  demo: "Live demo",
  claim: "Claim",
  mathematics: "Mathematics",
  code: "Code",
  citation: "Citation",
  similar: "Similar",
} as const;

/** Scrolls to a heading and lets reading go on there: the address's # is the route, so it cannot be a plain link. */
export function goTo(id: string): void {
  const heading = document.getElementById(id);
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  heading.scrollIntoView();
}

/** What the page holds, always in sight on wide screens. */
export function Contents() {
  return (
    <nav class="contents" aria-label="On this page">
      <ul>
        {Object.entries(parts).map(([id, name]) => (
          <li key={id}>
            <button class="inline" onClick={() => goTo(id)}>
              {name}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
