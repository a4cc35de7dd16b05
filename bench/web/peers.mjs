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
const ROUNDS = Number(process.env.ROUNDS ?? 8);
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
try {
  const wanted = { names: NAMES, size: shape.reduce((a, b) => a * b), isSigned: type === 'int8', rounds: ROUNDS,
    runs: RUNS, hasOnnx: onnx !== undefined };
  const results = await page.evaluate(`measure(${JSON.stringify(wanted)})`);
  const { least = 1, median = 1 } = results['mobilenet.c'];
  console.log(`${resolve(model)}, ${await page.evaluate('navigator.userAgent')}`);
  console.log('| engine | ms, least | median | times as long | largest difference |');
  console.log('|---|--:|--:|--:|--:|');
  for (const [name, result] of Object.entries(results)) {
    if (result.problem) {
      console.log(`| ${name} | cannot run: ${result.problem} | | | |`);
      continue;
    }
    const ratio = (result.least / least).toFixed(2);
    console.log(`| ${name} | ${result.least.toFixed(2)} | ${result.median.toFixed(2)} | ${ratio} (median ` +
      `${(result.median / median).toFixed(2)}) | ${result.difference ?? ''} |`);
  }
} finally {
  await page.close();
  server.close();
}
