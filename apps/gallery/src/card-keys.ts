// Keys of a page of cards: "/" goes to the search, Escape empties it, arrows go from card to card as they lie.
import { useEffect } from "preact/hooks";

const links = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(".card h3 a")];

/** @param clear empties the search */
export function useCardKeys(box: { readonly current: HTMLInputElement | null }, clear: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const here = document.activeElement as HTMLElement | null;
      const typing = here !== null && /^(?:input|select|textarea)$/i.test(here.tagName);
      let next: HTMLElement | null | undefined;
      if (event.key === "/" && !typing) next = box.current;
      else if (event.key === "Escape") {
        clear();
        next = box.current;
      } else if (here && here === box.current) next = event.key === "ArrowDown" ? links()[0] : undefined;
      else if (here) next = neighbour(links(), here, event.key);
      if (!next) return;
      event.preventDefault();
      next.focus();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** Where a key leads to from a card: sideways in reading order, up and down to the nearest card of the next row. */
function neighbour(all: readonly HTMLElement[], here: HTMLElement, key: string): HTMLElement | undefined {
  const at = all.indexOf(here);
  if (at < 0) return undefined;
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
  const boxOf = (link: HTMLElement): DOMRect => link.closest(".card")!.getBoundingClientRect();
  const from = boxOf(here);
  const below = all
    .map((link) => ({ link, box: boxOf(link) }))
    .filter(({ box }) => (key === "ArrowDown" ? box.top >= from.bottom : box.bottom <= from.top));
  const rows = below.map(({ box }) => box.top);
  const row = key === "ArrowDown" ? Math.min(...rows) : Math.max(...rows);
  return below
    .filter(({ box }) => box.top === row)
    .sort((a, b) => Math.abs(a.box.left - from.left) - Math.abs(b.box.left - from.left))[0]?.link;
}
