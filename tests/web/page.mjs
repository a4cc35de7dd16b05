// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The page in Chromium, opened as a file and without a network: node page.mjs CHROMIUM PAGE DIR HASHES. Leaves in DIR the
// pixels of the photo that it classified, and what it said of it.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hashOutputs, hashesIn } from './hash.mjs';
import { openPage } from './chromium.mjs';

const [chromium, path, folder, hashes] = process.argv.slice(2);
const page = await openPage(chromium, String(pathToFileURL(path)));
const problem = () => page.evaluate('document.getElementById("problem").textContent');
const answer = () => page.until(`[...document.querySelectorAll('#classes li')]
  .map((item) => [Number(item.dataset.index), Number(item.dataset.probability)]).slice(0, 5)`);

try {
  assert.equal(await problem(), '');

  // A photo from a file, its pixels as the page saw them, and its classes.
  await page.choose('#choose', resolve('models/signs/roundabout/00000.jpg'));
  await page.until('document.querySelectorAll("#classes li").length === 5');
  assert.equal(await page.evaluate('document.querySelector("#classes li").firstChild.data'), 'roundabout');
  await writeFile(join(folder, 'page.json'), JSON.stringify(await answer()));
  const { width, height, rgb } = await page.evaluate(`(() => {
    const { width, height } = document.getElementById('photo');
    const { data } = document.getElementById('photo').getContext('2d').getImageData(0, 0, width, height);
    return { width, height, rgb: [...data].filter((_, i) => i % 4 !== 3) };
  })()`);
  await writeFile(join(folder, 'photo.ppm'), Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), Buffer.from(rgb)]));

  // Tensors in the browser have the native library's bytes.
  for (const [wanted, file] of hashesIn(await readFile(hashes, 'utf8'))) {
    const base64 = (await readFile(file)).toString('base64');
    const given = await page.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob('${base64}'), (char) => char.charCodeAt(0));
      const model = await mobilenet.load(bytes, { wasm: await mobilenet.asset('mobilenet.wasm') });
      return (${hashOutputs})(model);
    })()`);
    assert.equal(given, wanted, file);
  }

  // Another model from a file, and files that are none.
  await page.choose('#open', resolve('tests/golden/tiny_v2_int8.tflite'));
  await page.until('document.getElementById("model").textContent.startsWith("tiny_v2_int8.tflite")');
  assert.equal(await problem(), '');
  await page.choose('#open', resolve('tests/golden/custom.tflite'));
  await page.until('document.getElementById("problem").textContent.startsWith("custom.tflite: ")');
  await page.choose('#choose', resolve('CMakeLists.txt'));
  await page.until('/label/.test(document.getElementById("problem").textContent)');
  await page.choose('#choose', resolve('LICENSE'));
  await page.until('document.getElementById("problem").textContent.startsWith("LICENSE: is not a picture")');

  const elsewhere = page.requests.filter((address) => !/^(file|data|blob):/.test(address));
  assert.deepEqual(elsewhere, []);
} finally {
  await page.close();
}
