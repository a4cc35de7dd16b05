// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// Chromium without a window and without a network, spoken to through its debugging pipe: messages of JSON, each with a
// zero behind it, on descriptors 3 and 4.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function openPage(command, address, flags = []) {
  const profile = await mkdtemp(join(tmpdir(), 'mobilenet-chromium-'));
  const browser = spawn(command, ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run',
    '--remote-debugging-pipe', `--user-data-dir=${profile}`, '--host-resolver-rules=MAP * ~NOTFOUND',
    '--force-device-scale-factor=1', '--window-size=1100,900', ...flags, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  const requests = [];
  let text = '';
  let last = 0;
  browser.stdio[4].on('data', (data) => {
    text += data;
    const messages = text.split('\0');
    text = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      if (message.method === 'Network.requestWillBeSent') requests.push(message.params.request.url);
      const { resolve, reject } = waiting.get(message.id) ?? {};
      waiting.delete(message.id);
      if (message.error) reject?.(new Error(message.error.message));
      else resolve?.(message.result);
    }
  });
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    browser.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
  });

  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  for (const domain of ['Page', 'DOM', 'Runtime', 'Network']) await call(`${domain}.enable`);
  await call('Page.navigate', { url: address });

  const page = {
    requests,
    call,
    // The value of an expression in the page, awaited.
    async evaluate(expression) {
      const { result, exceptionDetails } =
        await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async until(expression) {
      for (let tries = 0; tries < 600; tries++) {
        const value = await page.evaluate(expression);
        if (value) return value;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`not within a minute: ${expression}`);
    },
    async choose(selector, ...files) {
      const { root } = await call('DOM.getDocument');
      const { nodeId } = await call('DOM.querySelector', { nodeId: root.nodeId, selector });
      await call('DOM.setFileInputFiles', { nodeId, files });
    },
    async screenshot() {
      const { data } = await call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(data, 'base64');
    },
    async close() {
      const ended = new Promise((resolve) => browser.once('exit', resolve));
      await send('Browser.close').catch(() => browser.kill());
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await page.until('document.readyState === "complete" && globalThis.mobilenet !== undefined');
  await page.evaluate('mobilenet.ready');
  return page;
}
