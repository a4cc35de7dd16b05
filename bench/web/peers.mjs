// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors
//
// usage: node bench/web/peers.mjs CHROMIUM PACKAGE MODULES MODEL.tflite [MODEL.onnx]
//
// Times the engines of peers.js in one run of Chromium, in turns, one thread each. PACKAGE is what scripts/web.sh makes,
// MODULES the node_modules with the others. scripts/web-peers.sh installs them and runs this.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { load } from '../../web/mobilenet.js';
import { openPage } from '../../tests/web/chromium.mjs';

const [chromium, folder, modules, model, onnx] = process.argv.slice(2);
if (!model) {
  console.error('usage: node bench/web/peers.mjs CHROMIUM PACKAGE MODULES MODEL.tflite [MODEL.onnx]');
  process.exit(2);
}
const ROUNDS = Number(process.env.ROUNDS ?? 12);
const RUNS = Number(process.env.RUNS ?? 10);
const NAMES = ['mobilenet.c', 'tfjs-tflite', 'LiteRT.js', 'onnxruntime-web'];
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };

const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({
  imports: { '@litertjs/wasm-utils': '/node_modules/@litertjs/wasm-utils/dist/index.js' } })}</script>
<script src="peers.js"></script>`;

function pathOf(address) {
  if (address === '/') return undefined;
  if (address === '/model.tflite') return model;
  if (address === '/model.onnx') return onnx;
  if (address === '/peers.js') return new URL('peers.js', import.meta.url);
  if (address.startsWith('/package/')) return join(folder, address.slice(9));
  return join(modules, address.slice('/node_modules/'.length));
}

const server = createServer(async (request, response) => {
  try {
    const address = new URL(request.url, 'http://localhost').pathname;
    const path = pathOf(address);
    const body = path ? await readFile(path) : PAGE;
    response.writeHead(200, { 'content-type': TYPES[path ? extname(String(path)) : '.html'] ?? 'application/octet-stream' });
    response.end(body);
  } catch {
    response.writeHead(404);
    response.end();
  }
});
await new Promise((done) => server.listen(0, 'localhost', done));

const own = await load(await readFile(model), { name: model, wasm: await readFile(join(folder, 'mobilenet.wasm')) });
const { type, shape } = own.inputs[0];
const page = await openPage(chromium, `http://localhost:${server.address().port}/`,
  ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost']);

// What the page's thread has computed, in ms, whatever else the machine does.
async function threadTime() {
  const { metrics } = await page.call('Performance.getMetrics');
  return 1000 * metrics.find(({ name }) => name === 'ThreadTime').value;
}

const results = {};
try {
  await page.call('Performance.enable', { timeDomain: 'threadTicks' });
  for (const name of NAMES) {
    const wanted = { name, size: shape.reduce((a, b) => a * b), isSigned: type === 'int8', runs: 2 * RUNS,
      hasOnnx: onnx !== undefined };
    results[name] = { least: Infinity, computed: [], ...await page.evaluate(`prepare(${JSON.stringify(wanted)})`) };
  }
  const running = Object.entries(results).filter(([, { problem }]) => !problem);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, result] of running) {
      const before = await threadTime();
      result.least = Math.min(result.least, await page.evaluate(`times('${name}', ${RUNS})`));
      result.computed.push((await threadTime() - before) / RUNS);
    }
  }
  console.log(`${resolve(model)}, ${await page.evaluate('navigator.userAgent')}`);
} finally {
  await page.close();
  server.close();
}

const ownTime = Math.min(...results[NAMES[0]].computed);
console.log('| engine | ms, least | ms of the thread, least | median | times as long | largest difference |');
console.log('|---|--:|--:|--:|--:|--:|');
for (const [name, { problem, least, computed, difference = '' }] of Object.entries(results)) {
  if (problem) {
    console.log(`| ${name} | cannot run: ${problem} |`);
    continue;
  }
  computed.sort((a, b) => a - b);
  const cells = [least, computed[0], computed[computed.length >> 1], computed[0] / ownTime].map((one) => one.toFixed(2));
  console.log(`| ${name} | ${cells.join(' | ')} | ${difference} |`);
}
