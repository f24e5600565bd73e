// Keeps one build of the site, whole, so that it works without a network. The page names the build in this file's address;
// another build is another worker with another cache, and each serves only its own. No file comes into a cache unless its
// hash is the one that this build's site.json has for it.

const BUILD = new URL(self.location).searchParams.get("build");
const PREFIX = `deep-grade ${self.registration.scope} `;
const NAME = PREFIX + BUILD;
const AT_ONCE = 6; // downloads
const LATER = /^units\//; // loaded when the page works: a first visit is to be short

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  const work = { "take over": takeOver, "give way": giveWay, complete }[event.data?.do];
  if (work) event.waitUntil(work());
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== "GET" || new URL(request.url).searchParams.has("fresh")) return;
  if (path !== null) event.respondWith(serve(path, request));
  else if (new URL(request.url).origin !== self.location.origin) event.respondWith(foreign(request));
});

/** A file's path within the site; null for what is outside. */
function pathOf(url) {
  const { origin, pathname } = new URL(url);
  const scope = new URL(self.registration.scope);
  if (origin !== scope.origin || !pathname.startsWith(scope.pathname)) return null;
  return decodeURIComponent(pathname.slice(scope.pathname.length)) || "index.html";
}

const addressOf = (path) => new URL(path, self.registration.scope).href;

let listed = null;

/** This build's site.json, from the cache. */
async function manifest() {
  listed ??= (await (await caches.open(NAME)).match(addressOf("site.json")))?.json();
  return listed;
}

async function install() {
  const response = await fetch(addressOf(`site.json?fresh=${Date.now()}`), { cache: "no-store" });
  const site = await response.clone().json();
  if (site.build !== BUILD) throw new Error(`the site has build ${site.build}, not ${BUILD}`);
  const old = await earlier();
  await bring(site.files.filter(({ path }) => old || !LATER.test(path)), old, site);
  const cache = await caches.open(NAME);
  if (old && isForeign(site.pyodide)) await inherit(cache, old, site.pyodide);
  await cache.put(addressOf("site.json"), response);
}

async function activate() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
  await self.clients.claim();
}

const downloads = new AbortController();
const load = (request, options = {}) => fetch(request, { ...options, signal: downloads.signal });
const giveWay = () => downloads.abort();

/** This build in place of the one at work, which first ends its downloads: a browser lets no worker go that waits for one. */
function takeOver() {
  self.registration.active?.postMessage({ do: "give way" });
  return self.skipWaiting();
}

/** The cache of the build before this one, if it is whole. */
async function earlier() {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === NAME) continue;
    const cache = await caches.open(name);
    const site = await (await cache.match(addressOf("site.json")))?.json();
    if (site) return { cache, hashes: new Map(site.files.map(({ path, sha256 }) => [path, sha256])) };
  }
  return null;
}

/** All that is not here yet. */
async function complete() {
  const site = await manifest();
  if (site) await bring(site.files, null, site);
}

/** Bring files into the cache, from the earlier build where they are the same; the page is told how far it is. */
async function bring(files, old, site) {
  const cache = await caches.open(NAME);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const isWhole = files.length === site.files.length;
  const waiting = [...files];
  let loaded = 0;
  const work = async () => {
    for (let file = waiting.pop(); file; file = waiting.pop()) {
      const address = addressOf(file.path);
      if (!(await cache.match(address))) {
        const same = old?.hashes.get(file.path) === file.sha256 && (await old.cache.match(address));
        await cache.put(address, same || (await proven(file)));
      }
      loaded += file.bytes;
      await tell({ what: "progress", loaded, total, isWhole });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** A file from the network whose hash is right: from the browser's cache, or else past it. */
async function proven({ path, sha256 }) {
  for (const cache of ["default", "reload"]) {
    const response = await load(addressOf(path), { cache, credentials: "same-origin" });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const found = await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer());
    const hex = [...new Uint8Array(found)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex === sha256) return response;
  }
  throw new Error(`${path} is not the file of build ${BUILD}`);
}

async function serve(path, request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(addressOf(path));
  if (kept) return kept;
  const file = (await manifest())?.files.find((each) => each.path === path);
  if (!file) return load(request);
  try {
    const response = await proven(file);
    await keep(cache, addressOf(path), response.clone());
    return response;
  } catch {
    return Response.error(); // rather nothing than a file of another build
  }
}

/** Where the browser has no room left, the page works all the same, as long as there is a network. */
const keep = (cache, address, response) => cache.put(address, response).catch(() => {});

const isForeign = (address) => Boolean(address) && new URL(address, self.registration.scope).origin !== self.location.origin;

/** Python from another host, if the release takes it from there: its address has its version, and so it is kept. */
async function foreign(request) {
  const site = await manifest();
  if (!isForeign(site?.pyodide) || !request.url.startsWith(site.pyodide)) return load(request);
  const cache = await caches.open(NAME);
  const kept = await cache.match(request.url);
  if (kept) return kept;
  const response = await load(request);
  if (response.ok) await keep(cache, request.url, response.clone());
  return response;
}

async function inherit(cache, old, prefix) {
  for (const request of await old.cache.keys()) {
    if (request.url.startsWith(prefix)) await cache.put(request, await old.cache.match(request));
  }
}

async function tell(message) {
  for (const client of await self.clients.matchAll({ includeUncontrolled: true, type: "window" })) client.postMessage(message);
}
