/** Threads that Wasm can use here: shared memory needs an isolated page. */
export const threadsHere = (): number =>
  crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;

/** Threads that it could use after a reload, once the service worker isolates the page; undefined if that is no gain. */
export function threadsAfterReload(): number | undefined {
  const more = Math.min(4, navigator.hardwareConcurrency || 1);
  const controlled = "serviceWorker" in navigator && navigator.serviceWorker.controller !== null;
  return !crossOriginIsolated && controlled && more > 1 ? more : undefined;
}
