import { useEffect, useState } from "preact/hooks";

type Theme = "light" | "dark";
const key = "fluxion-theme";

function remembered(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    // A browser may forbid storage.
    return undefined;
  }
}

/** Switches between light and dark; until it is used the system decides. */
export function ThemeButton() {
  const [chosen, setChosen] = useState<Theme | undefined>(remembered);
  const current = chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  useEffect(() => {
    if (!chosen) return;
    document.documentElement.dataset["theme"] = chosen;
    try {
      localStorage.setItem(key, chosen);
    } catch {
      // Forgotten with the page.
    }
    dispatchEvent(new Event("themechange"));
  }, [chosen]);
  const other = current === "dark" ? "light" : "dark";
  return (
    <button class="plain" onClick={() => setChosen(other)} aria-label={`Change to the ${other} theme`}>
      {current === "dark" ? "☀" : "☾"}
    </button>
  );
}
