// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The page in Firefox, opened as a file: node firefox.mjs FIREFOX PAGE HASHES. Firefox is spoken to through Marionette:
// messages of JSON, each behind its length and a colon.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hashOutputs, hashesIn } from './hash.mjs';

const [command, path, hashes] = process.argv.slice(2);
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'; // how WebDriver names a reference to an element

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

async function connected(port) {
  for (let tries = 0; tries < 600; tries++) {
    const socket = connect(port, '127.0.0.1');
    if (await new Promise((done) => socket.once('connect', () => done(true)).once('error', () => done(false)))) return socket;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('Firefox does not listen after a minute');
}

// Sends commands and gives their results.
function speaking(socket) {
  const waiting = new Map();
  let data = Buffer.alloc(0);
  let last = 0;
  socket.on('data', (more) => {
    data = Buffer.concat([data, more]);
    for (let colon = data.indexOf(':'); colon > 0; colon = data.indexOf(':')) {
      const end = colon + 1 + Number(data.subarray(0, colon));
      if (data.length < end) return;
      const message = JSON.parse(data.subarray(colon + 1, end));
      data = data.subarray(end);
      if (!Array.isArray(message)) continue; // the greeting
      const [, id, error, result] = message;
      const { done, failed } = waiting.get(id);
      waiting.delete(id);
      if (error) failed(new Error(error.message));
      else done(result);
    }
  });
  return (name, parameters = {}) => new Promise((done, failed) => {
    last += 1;
    waiting.set(last, { done, failed });
    const text = JSON.stringify([0, last, name, parameters]);
    socket.write(`${Buffer.byteLength(text)}:${text}`);
  });
}

const profile = await mkdtemp(join(tmpdir(), 'mobilenet-firefox-'));
const port = await freePort();
await writeFile(join(profile, 'user.js'), `user_pref("marionette.port", ${port});\n`);
const browser = spawn(command, ['--headless', '--no-remote', '--marionette', '--profile', profile, 'about:blank'],
  { stdio: 'ignore' });
const ended = new Promise((done) => browser.once('exit', done));

try {
  const call = speaking(await connected(port));
  const run = async (body, ...args) => {
    const script = `return (async () => { ${body} })()`;
    return (await call('WebDriver:ExecuteScript', { script, args, sandbox: null })).value;
  };
  const until = async (script) => {
    for (let tries = 0; tries < 600; tries++) {
      if (await run(script)) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`not within a minute: ${script}`);
  };
  await call('WebDriver:NewSession', { capabilities: {} });
  await call('WebDriver:SetTimeouts', { script: 60000 });
  await call('WebDriver:Navigate', { url: String(pathToFileURL(path)) });
  await run('await mobilenet.ready');
  assert.equal(await run('return document.getElementById("problem").textContent'), '');

  const { value: input } = await call('WebDriver:FindElement', { using: 'css selector', value: '#choose' });
  await call('WebDriver:ElementSendKeys', { id: input[ELEMENT], text: resolve('models/signs/roundabout/00000.jpg') });
  await until('return document.querySelectorAll("#classes li").length === 5');
  assert.equal(await run('return document.querySelector("#classes li").firstChild.data'), 'roundabout');

  for (const [wanted, file] of hashesIn(await readFile(hashes, 'utf8'))) {
    const given = await run(`
      const bytes = Uint8Array.from(atob(arguments[0]), (char) => char.charCodeAt(0));
      const model = await mobilenet.load(bytes, { wasm: await mobilenet.asset('mobilenet.wasm') });
      return (${hashOutputs})(model);`, (await readFile(file)).toString('base64'));
    assert.equal(given, wanted, file);
  }
  await call('Marionette:Quit', { flags: ['eForceQuit'] });
} finally {
  if (browser.exitCode === null) setTimeout(() => browser.kill(), 5000).unref();
  await ended;
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
