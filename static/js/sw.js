/* The phone's worker: keeps the shell (styles, scripts, one page of words), never an answer about a patient. */
"use strict";
const SHELF = "shell-1";
const OFFLINE = "/offline";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.add(OFFLINE)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

/* Files under /static carry the digest of their content: what is kept is never out of date. */
async function kept(request) {
  const shelf = await caches.open(SHELF);
  const found = await shelf.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).searchParams.has("v")) await shelf.put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/static/")) event.respondWith(kept(request));
  else if (request.mode === "navigate" && (pathname === "/me" || pathname.startsWith("/me/"))) {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  }
});

/* A push holds number and place; the visit itself is shown only to whoever holds its session. */
self.addEventListener("push", (event) => {
  let said = {};
  try { said = event.data?.json() ?? {}; } catch { /* not ours */ }
  const isCall = said.kind === "called";
  event.waitUntil(self.registration.showNotification(said.title || "", {
    body: said.body || "", lang: said.lang || "ko", tag: said.kind || "notice", renotify: true,
    requireInteraction: isCall, vibrate: isCall ? [400, 150, 400, 150, 400] : [300], icon: "/static/icons/favicon.svg",
  }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const show = (windows) => windows.find((one) => new URL(one.url).pathname === "/me")?.focus() ?? self.clients.openWindow("/me");
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(show));
});
