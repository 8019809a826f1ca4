import { useEffect, useState } from "preact/hooks";

/** What the service worker has ready. */
export interface Offline {
  /** Whether the site works without network from now on. */
  readonly ready: boolean;
  /** Changes to a newer version that is waiting; undefined if there is none. */
  readonly update: (() => void) | undefined;
}

/** Kept over the reload that brings a new version. */
const changing = "fluxion-gallery-changing";

/** Registers the service worker once the page has loaded. Nothing happens in browsers without, or while developing. */
export function useOffline(): Offline {
  const [ready, setReady] = useState(false);
  const [waiting, setWaiting] = useState<ServiceWorker>();
  useEffect(() => {
    if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    const { serviceWorker } = navigator;
    const begin = (): void => {
      serviceWorker
        .register("./sw.js")
        .then((registration) => {
          if (sessionStorage.getItem(changing)) {
            // The new version took over while this page was on its way.
            sessionStorage.removeItem(changing);
            location.reload();
            return;
          }
          const look = (): void => {
            // The first version of all takes over by itself.
            if (registration.waiting && serviceWorker.controller) setWaiting(registration.waiting);
            if (registration.active) setReady(true);
          };
          look();
          registration.addEventListener("updatefound", () =>
            registration.installing?.addEventListener("statechange", look),
          );
        })
        // A host without HTTPS, a private window: the site works all the same, with network.
        .catch(() => undefined);
    };
    if (document.readyState === "complete") begin();
    else addEventListener("load", begin, { once: true });
    // Where another page has changed the version, files of the old one are gone: the next place starts anew.
    let controlled = serviceWorker.controller !== null;
    serviceWorker.addEventListener("controllerchange", () => {
      if (controlled) addEventListener("hashchange", () => location.reload(), { once: true });
      controlled = true;
    });
  }, []);
  return {
    ready,
    update:
      waiting &&
      (() => {
        navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
        waiting.postMessage("take over");
        // A page that is still fetching holds the old version: leaving it lets the new one in, and the next load shows it.
        setTimeout(() => {
          sessionStorage.setItem(changing, "1");
          location.reload();
        }, 1500);
      }),
  };
}
