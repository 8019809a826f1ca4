// Keeps the whole site for use without network, and isolates its pages so that Wasm may use threads on any plain host.
import { clientsClaim } from "workbox-core";
import type { WorkboxPlugin } from "workbox-core/types.js";
import { addPlugins, cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { CacheFirst } from "workbox-strategies";

/** Written by site.ts: what is kept at once, and what is kept when it has been used (the engine, data of demos). */
declare const SITE: {
  readonly kept: { readonly url: string; readonly revision: string | null }[];
  readonly onUse: readonly string[];
};
// The library of types for pages knows no service workers.
declare const self: EventTarget & {
  readonly registration: { readonly scope: string };
  skipWaiting(): Promise<void>;
};

/** A page may share memory between threads only if it and all it loads say so; most hosts cannot be told to. */
const isolated: WorkboxPlugin = {
  async cacheWillUpdate({ response }) {
    if (!response.ok) return null;
    const headers = new Headers(response.headers);
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("Cross-Origin-Embedder-Policy", "require-corp");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    // The body is unpacked already.
    if (headers.has("content-encoding")) {
      headers.delete("content-encoding");
      headers.delete("content-length");
    }
    return new Response(response.body, { status: response.status, headers });
  },
};

const { kept, onUse } = SITE;
addPlugins([isolated]);
precacheAndRoute(kept);
cleanupOutdatedCaches();
clientsClaim();

const { scope } = self.registration;
const cacheName = `used-${scope}`;
const used = new Set(onUse.map((file) => new URL(file, scope).href));
registerRoute(({ url }) => used.has(url.href), new CacheFirst({ cacheName, plugins: [isolated] }));

/** What a former version had of files that this one no longer has. */
async function forgetFormer(): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const { url } of await cache.keys()) if (!used.has(url)) await cache.delete(url);
}
self.addEventListener("activate", (event) =>
  (event as Event & { waitUntil(work: Promise<void>): void }).waitUntil(forgetFormer()),
);

// A new version waits until the pages of the old one are closed, or a reader asks for it.
self.addEventListener("message", (event) => {
  if ((event as MessageEvent).data === "take over") void self.skipWaiting();
});
