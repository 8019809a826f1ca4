import { useEffect, useState } from "preact/hooks";

/** Where the reader is: all of it stands behind the address's #, so that any plain host serves every page. */
export interface Route {
  /** Such as ["paper", "rectified-flow"]; [] is the index. */
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

/** The route of an address's hash. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean), params: new URLSearchParams(query) };
}

/** The hash of a route. */
export function routeHash(path: readonly string[], params?: URLSearchParams): string {
  const query = params?.toString();
  return `#/${path.join("/")}${query ? `?${query}` : ""}`;
}

/** The current route; changes with the address. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const change = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return route;
}

/** Writes parameters of the present page into the address without a new entry in the history. */
export function rememberParams(params: URLSearchParams): void {
  history.replaceState(null, "", routeHash(parseRoute(location.hash).path, params));
}
