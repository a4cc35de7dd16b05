// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The page in Chromium as people use it, from a server on this machine: node visit.mjs CHROMIUM FOLDER. Files are dropped
// and pasted, a camera shows a sign, the server goes away, and a browser has no SIMD.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage } from './chromium.mjs';

const [chromium, folder] = process.argv.slice(2);
const sign = await readFile('models/signs/roundabout/00000.jpg');
const film = join(tmpdir(), `mobilenet-film-${process.pid}.mjpeg`);

const TYPES = { html: 'text/html', js: 'text/javascript' };
const server = createServer(async (request, response) => {
  const name = request.url === '/' ? 'index.html' : request.url.slice(1);
  try {
    const body = await readFile(join(folder, name));
    response.writeHead(200, { 'content-type': TYPES[name.split('.').pop()] });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => server.listen(0, 'localhost', done));
const address = `http://localhost:${server.address().port}/`;

async function withPage(flags, action) {
  const page = await openPage(chromium, address,
    ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost', ...flags]);
  try {
    await action(page, {
      problem: () => page.evaluate('document.getElementById("problem").textContent'),
      // The best class, once there are some.
      best: () => page.until('document.querySelector("#classes li")?.firstChild.data'),
      // A file comes with a 'dragover', a 'drop' or a 'paste'; whether the page has taken it.
      give: (kind, name, bytes) => page.evaluate(`(() => {
        const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (char) => char.charCodeAt(0));
        const files = new DataTransfer();
        files.items.add(new File([bytes], '${name}'));
        const init = { bubbles: true, cancelable: true };
        const event = '${kind}' === 'paste' ? new ClipboardEvent('paste', { clipboardData: files, ...init })
          : new DragEvent('${kind}', { dataTransfer: files, ...init });
        return !document.getElementById('drop').dispatchEvent(event);
      })()`),
      clear: () => page.evaluate('document.getElementById("classes").replaceChildren()'),
    });
  } finally {
    await page.close();
  }
}

async function dropAndPaste(page, { problem, best, give, clear }) {
  assert.equal(await give('dragover', 'sign.jpg', sign), true);
  assert.equal(await page.evaluate('document.body.classList.contains("over")'), true);
  assert.equal(await give('drop', 'sign.jpg', sign), true);
  assert.equal(await best(), 'roundabout');
  assert.equal(await page.evaluate('document.body.classList.contains("over")'), false);
  assert.equal(await page.evaluate('document.getElementById("photo").getAttribute("aria-label")'), 'Photo: roundabout');
  assert.match(await page.evaluate('document.getElementById("time").textContent'),
    /^Classified in [0-9.]+ ms, resizing included\. roundabout, [0-9.]+ %\.$/);
  await clear();
  await give('paste', 'sign.jpg', sign);
  assert.equal(await best(), 'roundabout');

  await give('drop', 'broken.jpg', sign.subarray(0, 20));
  await page.until('document.getElementById("problem").textContent.startsWith("broken.jpg: is not a picture")');
  await give('drop', 'tiny.tflite', await readFile('tests/golden/tiny_v2_int8.tflite'));
  await page.until('document.getElementById("model").textContent.startsWith("tiny.tflite")');
  assert.equal(await problem(), '');
}

async function camera(page, { problem, best, clear }) {
  await page.evaluate('document.getElementById("camera").click()');
  assert.equal(await best(), 'roundabout');
  assert.equal(await page.evaluate('document.getElementById("camera").getAttribute("aria-pressed")'), 'true');
  assert.equal(await page.evaluate('document.getElementById("time").getAttribute("aria-live")'), 'off');
  await page.evaluate('document.getElementById("camera").click()');
  assert.equal(await page.evaluate('document.getElementById("camera").getAttribute("aria-pressed")'), 'false');
  await clear();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(await page.evaluate('document.querySelectorAll("#classes li").length'), 0, 'the camera goes on');
  assert.equal(await problem(), '');
}

async function noCamera(page) {
  await page.evaluate('document.getElementById("camera").click()');
  await page.until('document.getElementById("problem").textContent.startsWith("The camera cannot be used: ")');
}

async function noSimd(page, { problem }) {
  assert.match(await problem(), /^This browser has no WebAssembly SIMD, which this page needs; [^.]*\.$/);
}

async function offline(page, { problem, best, give }) {
  await page.until('navigator.serviceWorker.controller !== null');
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await page.evaluate('globalThis.isOld = true');
  await page.call('Page.reload');
  await page.until('document.readyState === "complete" && globalThis.mobilenet !== undefined && !globalThis.isOld');
  await page.evaluate('mobilenet.ready');
  await assert.rejects(fetch(address));
  await give('drop', 'sign.jpg', sign);
  assert.equal(await best(), 'roundabout');
  assert.equal(await problem(), '');
}

try {
  await writeFile(film, sign);
  await withPage([], dropAndPaste);
  const fake = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];
  await withPage([...fake, `--use-file-for-fake-video-capture=${film}`], camera);
  await withPage(['--use-fake-ui-for-media-stream'], noCamera);
  await withPage(['--js-flags=--no-enable-ssse3 --no-enable-sse4-1 --no-enable-sse3'], noSimd);
  await withPage([], offline);
} finally {
  server.closeAllConnections();
  server.close();
  await rm(film, { force: true });
}
