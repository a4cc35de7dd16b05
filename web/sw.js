// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// Keeps the page for when there is no network: a newer one is taken wherever the server can be reached.
const CACHE = 'mobilenet.c';

addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add('./')).then(() => skipWaiting()));
});

addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  event.respondWith(fetch(event.request).then(async (response) => {
    if (response.ok) await (await caches.open(CACHE)).put(event.request, response.clone());
    return response;
  }, () => caches.match(event.request, { ignoreSearch: true })));
});
