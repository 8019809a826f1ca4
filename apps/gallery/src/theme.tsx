import { useEffect, useState } from "preact/hooks";

type Theme = "light" | "dark";
const key = "fluxion-theme";
const isTheme = (value: unknown): value is Theme => value === "light" || value === "dark";

// The choice of a former visit holds before anything is drawn.
try {
  const remembered = localStorage.getItem(key);
  if (isTheme(remembered)) document.documentElement.dataset["theme"] = remembered;
} catch {
  // A browser may forbid storage.
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const changed = (): unknown => dispatchEvent(new Event("themechange"));
dark.addEventListener("change", changed);

function current(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return isTheme(chosen) ? chosen : dark.matches ? "dark" : "light";
}

/** The theme that is shown: the reader's choice, or else the system's. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const change = (): void => setTheme(current());
    addEventListener("themechange", change);
    return () => removeEventListener("themechange", change);
  }, []);
  return theme;
}

function choose(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Forgotten with the page.
  }
  changed();
}

/** Switches between light and dark; until it is used the system decides. */
export function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button class="plain" onClick={() => choose(other)} aria-label={`Change to the ${other} theme`}>
      {theme === "dark" ? "☀" : "☾"}
    </button>
  );
}
